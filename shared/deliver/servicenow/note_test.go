package servicenow

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/deliver/delivertest"
	"github.com/firefinder/firefinder/shared/incident"
)

func TestNotes(t *testing.T) {
	notices := delivertest.Notices()
	for _, name := range slices.Sorted(maps.Keys(notices)) {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			for _, note := range Notes(notices[name], 4000) {
				b.WriteString(note.Text + "\n----\n")
			}
			delivertest.Golden(t, name+".txt", b.String())
			if code.MatchString(b.String()) || strings.Contains(b.String(), delivertest.Secret) {
				t.Error("the note holds [code] markup or the fragment secret")
			}
		})
	}
}

func TestTicketsShowWhatHides(t *testing.T) {
	n := delivertest.Notices()["findings"]
	hidden := "a\u202eb\u200bc\U000e0041[code]<b>[/code]"
	n.Investigation.Title, n.Investigation.Opener.Description, n.Investigation.Service, n.Investigation.Opener.Source = hidden, hidden, hidden, hidden
	fields := New(Options{}).fields(n)
	for _, name := range []string{"short_description", "description"} {
		if strings.ContainsAny(fields[name], "\u202e\u200b\U000e0041") || code.MatchString(fields[name]) || !strings.Contains(fields[name], "<U+202E>") {
			t.Errorf("%s: %q", name, fields[name])
		}
	}
}

func TestLongNotesAreSplit(t *testing.T) {
	n := delivertest.Notices()["findings"]
	for i := range 200 {
		n.Conclusion.Findings = append(n.Conclusion.Findings, incident.Finding{ID: fmt.Sprintf("f-%d", i+3), Text: strings.Repeat("wörter ", 1+i%40), Cites: []string{"obs-1"}})
	}
	n.Conclusion.Findings[7].Text = strings.Repeat("ä", 9000) // one line longer than a note
	notes := Notes(n, 4000)
	if len(notes) < 5 {
		t.Fatalf("only %d notes", len(notes))
	}
	all, refs := "", map[string]bool{}
	for i, note := range notes {
		if size := utf8.RuneCountInString(note.Text); size > 4000 {
			t.Errorf("note %d has %d characters", i, size)
		}
		if !strings.Contains(note.Text, fmt.Sprintf("(part %d of %d)", i+1, len(notes))) || !strings.HasSuffix(note.Text, note.Ref) {
			t.Errorf("note %d lacks its part or reference", i)
		}
		for ref := range refs {
			if strings.Contains(note.Ref, ref) || strings.Contains(ref, note.Ref) {
				t.Errorf("a search for %s finds %s", ref, note.Ref)
			}
		}
		refs[note.Ref] = true
		all += note.Text
	}
	for i := range 200 {
		if !strings.Contains(all, fmt.Sprintf("- f-%d ", i+3)) {
			t.Errorf("finding f-%d is lost", i+3)
		}
	}
}

func TestReferencesDiffer(t *testing.T) {
	seen := map[string]string{}
	for name, n := range delivertest.Notices() {
		key := n.Investigation.ID + n.Key
		ref := reference(n, 1)
		if other, ok := seen[ref]; ok && other != key {
			t.Errorf("%s shares reference %s", name, ref)
		}
		seen[ref] = key
	}
}

func TestParseCredentials(t *testing.T) {
	for secret, ok := range map[string]bool{
		`{"username":"a","password":"b"}`: true, `{"token":"x"}`: true, `{"username":"a"}`: false, `{}`: false, `x`: false, ``: false,
	} {
		c, err := ParseCredentials([]byte(secret))
		if (err == nil) != ok || ok && fmt.Sprint(c) != "[secret]" {
			t.Errorf("%s: %v, %v", secret, c, err)
		}
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("a\n\nb\nc", 300)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = 200 + max(0, limit)%5000
		n := deliver.Notice{Kind: deliver.Failure, Key: "failure", Text: text, Investigation: incident.Investigation{ID: "inv-1", Title: "t"}}
		for _, note := range Notes(n, limit+200) {
			if utf8.RuneCountInString(note.Text) > limit+200 || code.MatchString(note.Text) {
				t.Errorf("%d characters: %q", utf8.RuneCountInString(note.Text), note.Text)
			}
		}
		got := ""
		for _, p := range split(text, limit) {
			got += p
		}
		if strings.Join(strings.Fields(got), "") != strings.Join(strings.Fields(string([]rune(text))), "") {
			t.Errorf("split lost something of %q", text)
		}
	})
}

func FuzzValue(f *testing.F) {
	for _, s := range []string{`"a"`, `null`, `{"value":"a","display_value":"b","link":"c"}`, `{"display_value":null}`, `5`, `{`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v Value
		_ = v.UnmarshalJSON(data)
	})
}
