package source_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
)

func nest(open, close string, n int) string {
	return strings.Repeat(open, n) + strings.Repeat(close, n)
}

func TestStrict(t *testing.T) {
	for name, c := range map[string]struct {
		body   string
		accept bool
	}{
		"object":                         {`{"title":"a","data":{"title":"b","Title":"c"}}`, true},
		"array":                          {`[1,2,{"a":1}]`, true},
		"same name in different objects": {`{"a":{"x":1},"b":{"x":1},"c":[{"x":1},{"x":1}]}`, true},
		"case of a vendor's name":        {`{"data":{"a":1,"A":2},"other":1,"Other":2}`, true},
		"space around":                   {" \n{} \t", true},
		"escaped text":                   {`{"title":"\u00e4\ud83d\ude00"}`, true},
		"lone surrogate in a value":      {`{"title":"\ud83d"}`, true},
		"32 levels":                      {nest("[", "]", 32), true},

		"33 levels":                        {nest("[", "]", 33), false},
		"33 levels of objects":             {strings.Repeat(`{"a":`, 33) + "1" + strings.Repeat("}", 33), false},
		"empty":                            {"", false},
		"blank":                            {" \n", false},
		"two documents":                    {"{}{}", false},
		"text after":                       {"{} x", false},
		"cut off":                          {`{"a":`, false},
		"trailing comma":                   {`{"a":1,}`, false},
		"comment":                          {`{"a":1/*x*/}`, false},
		"single quotes":                    {`{'a':1}`, false},
		"NaN":                              {`{"a":NaN}`, false},
		"byte order mark":                  {"\xef\xbb\xbf{}", false},
		"invalid UTF-8":                    {"{\"a\":\"\xff\"}", false},
		"overlong UTF-8":                   {"{\"a\":\"\xc0\xaf\"}", false},
		"UTF-16":                           {"{\x00}\x00", false},
		"raw control character":            {"{\"a\":\"\x01\"}", false},
		"duplicate name":                   {`{"title":"a","title":"b"}`, false},
		"duplicate name, escaped":          {`{"title":"a","\u0074itle":"b"}`, false},
		"duplicate name, deep":             {`{"data":[{"a":{"b":1,"b":2}}]}`, false},
		"twin of our field":                {`{"title":"a","Title":"b"}`, false},
		"other case of our field alone":    {`{"PRIORITY":"LOW"}`, false},
		"twin with a long s":               {`{"de\u017fcription":"b"}`, false},
		"twin with a Kelvin sign":          {`{"lin\u212as":[]}`, false},
		"NUL in a name":                    {`{"a\u0000":1}`, false},
		"NUL in a name, deep":              {`{"data":{"\u0000":1}}`, false},
		"broken character in a name":       {`{"a\ud800":1}`, false},
		"names that differ in broken part": {`{"a\ud800":1,"a\ud801":2}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			err := source.Strict([]byte(c.body), source.OurDepth, source.ContractFields)
			if (err == nil) != c.accept {
				t.Fatalf("err = %v, want accept %v", err, c.accept)
			}
			if err != nil && !incident.Is(err, incident.Invalid) {
				t.Errorf("class = %s, want Invalid", incident.ClassOf(err))
			}
		})
	}
}

// What passes means the same to every reader: decoding into our struct gives what decoding name by name gives.
func FuzzStrict(f *testing.F) {
	for _, s := range []string{`{}`, `{"title":"a","Title":"b"}`, `{"a":[1,{"b":null}]}`, `{"\u0074itle":"a"}`, `{"t\u0131tle":1}`, nest("[", "]", 40)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if source.Strict(body, source.OurDepth, source.ContractFields) != nil {
			return
		}
		var loose map[string]json.RawMessage
		if json.Unmarshal(body, &loose) != nil {
			return // no object at the top
		}
		var ours struct {
			Title  json.RawMessage `json:"title"`
			Action json.RawMessage `json:"action"`
			Links  json.RawMessage `json:"links"`
		}
		if err := json.Unmarshal(body, &ours); err != nil {
			t.Fatalf("passed but cannot be decoded: %v", err)
		}
		for name, got := range map[string]json.RawMessage{"title": ours.Title, "action": ours.Action, "links": ours.Links} {
			if string(got) != string(loose[name]) {
				t.Fatalf("field %s: %s by struct, %s by name", name, got, loose[name])
			}
		}
	})
}
