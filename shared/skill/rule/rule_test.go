package rule_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/skill"
	"github.com/firefinder/firefinder/shared/skill/rule"
)

func compile(t *testing.T, expression string) skill.Predicate {
	t.Helper()
	meant, err := rule.Compiler()(expression)
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return meant
}

// Every field that says what happened can be spoken of, under its JSON name, and holds the event's value.
func TestEveryField(t *testing.T) {
	hidden := map[string]bool{"eventType": true, "links": true, "ticket": true, "unique": true} // always the same; nothing to judge an alarm by
	at := time.Date(2026, 3, 10, 23, 30, 0, 0, time.UTC)
	e := incident.Event{Timestamp: at, Dimensions: map[string]string{"dimensions": "value"}, Data: json.RawMessage(`{"data":"value"}`)}
	value := reflect.ValueOf(&e).Elem()
	for i := range value.NumField() {
		name, _, _ := strings.Cut(value.Type().Field(i).Tag.Get("json"), ",")
		expression := fmt.Sprintf(`event.%s == "%s!"`, name, name)
		switch field := value.Field(i); {
		case field.Kind() == reflect.String:
			field.SetString(name + "!")
		case name == "timestamp":
			expression = `event.timestamp == timestamp("2026-03-10T23:30:00Z")`
		default:
			expression = fmt.Sprintf(`event.%s.%s == "value"`, name, name)
		}
		if hidden[name] {
			if _, err := rule.Compiler()(expression); err == nil {
				t.Errorf("%s is visible", name)
			}
			continue
		}
		if hit, err := compile(t, expression)(e); !hit || err != nil {
			t.Errorf("%s: %v, %v", expression, hit, err)
		}
	}
}

// Faults have places within the expression; what is wrong with all of it is an error of its own.
func TestFaults(t *testing.T) {
	_, err := rule.Compiler()("event.titel == \"\" ||\n  event.rool == \"\"")
	var faults skill.Faults
	if !errors.As(err, &faults) || len(faults) != 2 || faults[0].Line != 1 || faults[0].Column != 6 || faults[1].Line != 2 || faults[1].Column != 8 {
		t.Errorf("faults %+v", err)
	}
	if err == nil || !strings.HasPrefix(err.Error(), "1:6: undefined field 'titel'; 2:8: undefined field 'rool'") {
		t.Errorf("as text: %v", err)
	}
	for _, expression := range []string{`"text"`, "1", "event", "event.data"} {
		if _, err := rule.Compiler()(expression); !incident.Is(err, incident.Invalid) || !strings.Contains(err.Error(), "must yield true or false") {
			t.Errorf("%s: %v", expression, err)
		}
	}
}

// The cost of an evaluation is bounded, not only its time.
func TestCostLimit(t *testing.T) {
	e := incident.Event{Data: json.RawMessage(`{"n":[` + strings.Repeat("1,", 999) + `1]}`)}
	if hit, err := compile(t, `event.data.n.all(a, a > 0.0)`)(e); !hit || err != nil {
		t.Errorf("once over a thousand values: %v, %v", hit, err)
	}
	for _, expression := range []string{
		`event.data.n.all(a, event.data.n.all(b, a + b > 0.0))`,
		`event.data.n.map(a, event.data.n).size() > 0 && event.data.n.exists(a, event.data.n.exists(b, a + b < 0.0))`,
	} {
		hit, err := compile(t, expression)(e)
		if hit || !incident.Is(err, incident.Invalid) || !strings.Contains(err.Error(), "cost limit exceeded") {
			t.Errorf("%s: %v, %v; want no match and the limit", expression, hit, err)
		}
	}
}

// Data that is no object is seen as empty; data that is broken is an error.
func TestData(t *testing.T) {
	none := compile(t, `event.data.size() == 0`)
	for data, ok := range map[string]bool{"": true, "[1]": true, `"text"`: true, "null": true, "{}": true, `{"a":`: false} {
		hit, err := none(incident.Event{Data: json.RawMessage(data)})
		if hit != ok || (err == nil) != ok {
			t.Errorf("%q: %v, %v", data, hit, err)
		}
	}
}

// One predicate serves many alarms at the same time.
func TestConcurrent(t *testing.T) {
	meant := compile(t, `event.data.n == event.dimensions["n"] && event.title.matches("^a+$")`)
	var all errgroup.Group
	for i := range 8 {
		all.Go(func() error {
			n := fmt.Sprint(i)
			e := incident.Event{Title: "aaa", Dimensions: map[string]string{"n": n}, Data: json.RawMessage(`{"n":"` + n + `"}`)}
			for range 100 {
				if hit, err := meant(e); !hit || err != nil {
					return fmt.Errorf("%d: %v, %w", i, hit, err)
				}
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		t.Error(err)
	}
}
