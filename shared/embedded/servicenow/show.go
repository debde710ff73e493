package servicenow

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
)

// labels are the display values of choice fields.
var labels = map[string]map[string]string{
	"state":    {"1": "New", "2": "In Progress", "3": "On Hold", "6": "Resolved", "7": "Closed", "8": "Canceled"},
	"priority": {"1": "1 - Critical", "2": "2 - High", "3": "3 - Moderate", "4": "4 - Low", "5": "5 - Planning"},
	"urgency":  {"1": "1 - High", "2": "2 - Medium", "3": "3 - Low"},
	"impact":   {"1": "1 - High", "2": "2 - Medium", "3": "3 - Low"},
}

// references are fields that point to records of other tables.
var references = map[string]string{"assignment_group": "sys_user_group", "caller_id": "sys_user", "cmdb_ci": "cmdb_ci"}

// show renders a record as the request's sysparm_fields, sysparm_display_value and sysparm_exclude_reference_link ask.
func (i *Instance) show(r *http.Request, table string, row record) map[string]any {
	q := r.URL.Query()
	names := fieldsOf[table]
	if wanted := q.Get("sysparm_fields"); wanted != "" {
		names = slices.DeleteFunc(strings.Split(wanted, ","), func(n string) bool { return !slices.Contains(names, n) })
	}
	out := map[string]any{}
	for _, name := range names {
		out[name] = i.field(table, name, row, q.Get("sysparm_display_value"), q.Get("sysparm_exclude_reference_link") == "true", "http://"+r.Host)
	}
	return out
}

func (i *Instance) field(table, name string, row record, mode string, noLink bool, host string) any {
	value, display := row[name], row[name]
	if l, ok := labels[name][value]; ok {
		display = l
	}
	if table == "incident" && (name == "work_notes" || name == "comments") {
		display = i.thread(row["sys_id"], name)
	}
	target, reference := references[name]
	if reference {
		display = cmp.Or(i.o.Groups[value], value)
	}
	link := host + root + target + "/" + value
	linked := reference && !noLink && value != ""
	switch mode {
	case "all":
		out := map[string]string{"display_value": display, "value": value}
		if linked {
			out["link"] = link
		}
		return out
	case "true":
		if linked {
			return map[string]string{"display_value": display, "link": link}
		}
		return display
	}
	if linked {
		return map[string]string{"value": value, "link": link}
	}
	return value
}

// thread is how a journal field displays: all its entries, the newest first.
func (i *Instance) thread(id, element string) string {
	var b strings.Builder
	for _, e := range slices.Backward(i.visible("sys_journal_field")) {
		if e["element_id"] == id && e["element"] == element {
			title := map[string]string{"work_notes": "Work notes", "comments": "Additional comments"}[element]
			b.WriteString(e["sys_created_on"] + " - " + e["sys_created_by"] + " (" + title + ")\n" + e["value"] + "\n\n")
		}
	}
	return b.String()
}

// Ticket is an incident with its journal, as Dump writes it.
type Ticket struct {
	Number      string  `json:"number"`
	SysID       string  `json:"sys_id"`
	Title       string  `json:"short_description"`
	Description string  `json:"description"`
	Correlation string  `json:"correlation_id"`
	State       string  `json:"state"`
	Priority    string  `json:"priority"`
	Group       string  `json:"assignment_group,omitempty"`
	Opened      string  `json:"opened_at"`
	Updated     string  `json:"sys_updated_on"`
	WorkNotes   []Entry `json:"work_notes"`
}

// Entry is a journal entry; Text has one element a line, so that the JSON can be read.
type Entry struct {
	At   string   `json:"at"`
	By   string   `json:"by"`
	Text []string `json:"text"`
}

// Tickets returns all incidents with their work notes in the order in which they were written, also those that queries
// do not see yet.
func (i *Instance) Tickets() []Ticket {
	i.mu.Lock()
	defer i.mu.Unlock()
	out := []Ticket{}
	at := map[string]int{}
	for n, row := range i.tables["incident"] {
		at[row["sys_id"]] = n
		out = append(out, Ticket{
			Number: row["number"], SysID: row["sys_id"], Title: row["short_description"], Description: row["description"], Correlation: row["correlation_id"],
			State: labels["state"][row["state"]], Priority: labels["priority"][row["priority"]], Group: cmp.Or(i.o.Groups[row["assignment_group"]], row["assignment_group"]),
			Opened: row["opened_at"], Updated: row["sys_updated_on"], WorkNotes: []Entry{},
		})
	}
	for _, e := range i.tables["sys_journal_field"] {
		if n, ok := at[e["element_id"]]; ok && e["element"] == "work_notes" {
			out[n].WorkNotes = append(out[n].WorkNotes, Entry{At: e["sys_created_on"], By: e["sys_created_by"], Text: strings.Split(e["value"], "\n")})
		}
	}
	return out
}

// Dump is the tickets as indented JSON with a final newline: {"tickets":[…]}.
func (i *Instance) Dump() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(map[string][]Ticket{"tickets": i.Tickets()})
	return b.Bytes(), err
}

// Seed opens an incident as a person would, and returns its number: a ticket that an alarm can come from.
func (i *Instance) Seed(title, description string) (number string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.add(map[string]string{"short_description": title, "description": description})["number"]
}

// Client is an HTTP client whose requests reach the instance without a network, for simulations with a clock of their
// own. A lost answer is an error, as it is over TCP.
func (i *Instance) Client() *http.Client { return &http.Client{Transport: inProcess{i}} }

type inProcess struct{ i *Instance }

// RoundTrip implements http.RoundTripper.
func (p inProcess) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	defer func() {
		if e := recover(); e == http.ErrAbortHandler {
			resp, err = nil, io.ErrUnexpectedEOF
		} else if e != nil {
			panic(e)
		}
	}()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := &recorder{status: http.StatusOK, header: http.Header{}}
	p.i.ServeHTTP(w, r)
	return &http.Response{StatusCode: w.status, Header: w.header, Body: io.NopCloser(&w.body), Request: r, ProtoMajor: 1, ProtoMinor: 1}, nil
}

// recorder keeps an answer. (net/http/httptest would do, but it adds a flag to every program that links it.)
type recorder struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
