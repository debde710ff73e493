// Package servicenow is a stand-in for a ServiceNow instance: the Table API over HTTP for incident and
// sys_journal_field, for demo, laptop and tests. The client that talks to a real instance talks to it unchanged.
//
// It keeps to what the real API does: encoded queries, display values, reference links, numbers, journal entries that a
// write to work_notes creates, errors in the same JSON. Switches make it as difficult as the real thing can be: 401,
// 429, 5xx, answers lost after the effect, journal entries that become visible late.
package servicenow

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Fault is what goes wrong with one request. The zero value: nothing.
type Fault struct {
	Status     int    // answer with this status instead of working; 0: work
	RetryAfter string // header of a 429
	Lost       bool   // do the work, then cut the connection without an answer
	Page       bool   // answer 200 with an HTML page, as a hibernating instance does
}

// Options of an Instance.
type Options struct {
	Now      func() time.Time
	Username string // with Password: basic authentication; all empty: everybody may come in
	Password string
	Token    string                    // bearer token
	Delay    time.Duration             // journal entries are visible to queries only after this
	Fault    func(*http.Request) Fault // asked for every request; nil: nothing goes wrong
	Groups   map[string]string         // assignment groups: sys_id -> name; unknown names are kept as they are
}

// Instance is the stand-in. It is safe for concurrent use.
type Instance struct {
	o  Options
	mu sync.Mutex
	// records by table, in order of creation; every value as the database holds it
	tables map[string][]record
	next   int // of numbers and ids
}

type record map[string]string

// New makes an empty instance.
func New(o Options) *Instance {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Instance{o: o, tables: map[string][]record{"incident": nil, "sys_journal_field": nil}}
}

const (
	root  = "/api/now/table/"
	clock = "2006-01-02 15:04:05" // UTC, as the API writes times
)

// ServeHTTP implements http.Handler.
func (i *Instance) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var f Fault
	if i.o.Fault != nil {
		f = i.o.Fault(r)
	}
	switch {
	case f.Page:
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<html><body>Your instance is hibernating</body></html>")
		return
	case f.Status != 0:
		if f.RetryAfter != "" {
			w.Header().Set("Retry-After", f.RetryAfter)
		}
		refuse(w, f.Status, http.StatusText(f.Status), "")
		return
	case !i.knows(r):
		w.Header().Set("WWW-Authenticate", `BASIC realm="Service-now"`)
		refuse(w, http.StatusUnauthorized, "User Not Authenticated", "Required to provide Auth information")
		return
	}
	a := i.answer(r)
	if f.Lost {
		panic(http.ErrAbortHandler) // the server closes the connection
	}
	a.write(w)
}

// knows checks the sign-in.
func (i *Instance) knows(r *http.Request) bool {
	if i.o.Username == "" && i.o.Token == "" {
		return true
	}
	same := func(a, b string) bool { return b != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
	user, pass, _ := r.BasicAuth()
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return same(user, i.o.Username) && same(pass, i.o.Password) || same(token, i.o.Token)
}

// answer is what a request leads to.
type answer struct {
	status          int
	body            any
	header          map[string]string
	message, detail string // of an error
}

func (a answer) write(w http.ResponseWriter) {
	if a.message != "" {
		refuse(w, a.status, a.message, a.detail)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	for _, name := range slices.Sorted(maps.Keys(a.header)) {
		w.Header().Set(name, a.header[name])
	}
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(map[string]any{"result": a.body}) // the caller has gone
}

func refuse(w http.ResponseWriter, status int, message, detail string) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"message": message, "detail": detail}, "status": "failure"})
}

func (i *Instance) answer(r *http.Request) answer {
	path, ok := strings.CutPrefix(r.URL.Path, root)
	table, id, single := strings.Cut(path, "/")
	i.mu.Lock()
	defer i.mu.Unlock()
	if _, known := i.tables[table]; !ok || !known {
		return answer{status: http.StatusBadRequest, message: "Invalid table " + table}
	}
	switch {
	case r.Method == http.MethodGet && !single:
		return i.list(r, table)
	case r.Method == http.MethodGet:
		return i.one(r, table, id)
	case r.Method == http.MethodPost && !single && table == "incident":
		return i.insert(r)
	case (r.Method == http.MethodPatch || r.Method == http.MethodPut) && single && table == "incident":
		return i.update(r, id)
	}
	return answer{status: http.StatusForbidden, message: "Operation Failed", detail: "ACL Exception: operation not allowed here"}
}

func (i *Instance) list(r *http.Request, table string) answer {
	q := r.URL.Query()
	rows := search(i.visible(table), q.Get("sysparm_query"), fieldsOf[table])
	total := len(rows)
	offset, limit := number(q.Get("sysparm_offset"), 0), number(q.Get("sysparm_limit"), 10000)
	rows = rows[min(offset, len(rows)):]
	rows = rows[:min(limit, len(rows))]
	out := make([]map[string]any, len(rows))
	for n, row := range rows {
		out[n] = i.show(r, table, row)
	}
	return answer{status: http.StatusOK, body: out, header: map[string]string{"X-Total-Count": strconv.Itoa(total)}}
}

func number(s string, otherwise int) int {
	if n, err := strconv.Atoi(s); err == nil && n >= 0 {
		return n
	}
	return otherwise
}

// visible are the records that queries see by now.
func (i *Instance) visible(table string) []record {
	rows := i.tables[table]
	if table != "sys_journal_field" || i.o.Delay == 0 {
		return rows
	}
	seen := i.o.Now().Add(-i.o.Delay)
	return slices.DeleteFunc(slices.Clone(rows), func(r record) bool {
		at, err := time.Parse(time.RFC3339Nano, r["\x00written"])
		return err == nil && at.After(seen)
	})
}

func (i *Instance) one(r *http.Request, table, id string) answer {
	row := i.find(table, id)
	if row == nil {
		return missing()
	}
	return answer{status: http.StatusOK, body: i.show(r, table, row)}
}

func missing() answer {
	return answer{status: http.StatusNotFound, message: "No Record found", detail: "Record doesn't exist or ACL restricts the record retrieval"}
}

func (i *Instance) find(table, id string) record {
	for _, row := range i.tables[table] {
		if row["sys_id"] == id {
			return row
		}
	}
	return nil
}

func (i *Instance) insert(r *http.Request) answer {
	fields, bad := body(r)
	if bad != nil {
		return *bad
	}
	row := i.add(fields)
	return answer{status: http.StatusCreated, body: i.show(r, "incident", row), header: map[string]string{"Location": root + "incident/" + row["sys_id"]}}
}

func (i *Instance) add(fields map[string]string) record {
	i.next++
	now := i.o.Now().UTC().Format(clock)
	row := record{
		"sys_id": i.id("incident"), "number": fmt.Sprintf("INC%07d", 10000+i.next), "state": "1", "active": "true", "urgency": "3", "impact": "3",
		"sys_class_name": "incident", "sys_created_on": now, "sys_created_by": i.user(), "opened_at": now, "sys_mod_count": "0",
	}
	i.tables["incident"] = append(i.tables["incident"], row)
	i.set(row, fields)
	return row
}

func (i *Instance) update(r *http.Request, id string) answer {
	fields, bad := body(r)
	if bad != nil {
		return *bad
	}
	row := i.find("incident", id)
	if row == nil {
		return missing()
	}
	row["sys_mod_count"] = strconv.Itoa(number(row["sys_mod_count"], 0) + 1)
	i.set(row, fields)
	return answer{status: http.StatusOK, body: i.show(r, "incident", row)}
}

func body(r *http.Request) (map[string]string, *answer) {
	var loose map[string]any
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return nil, &answer{status: http.StatusUnsupportedMediaType, message: "Unsupported content type"}
	}
	if err := json.NewDecoder(r.Body).Decode(&loose); err != nil {
		return nil, &answer{status: http.StatusBadRequest, message: "Exception while reading request", detail: "The payload is not valid JSON"}
	}
	out := map[string]string{}
	for k, v := range loose {
		out[k] = fmt.Sprint(v)
	}
	return out, nil
}

// set writes fields; unknown ones are dropped without a word and system fields stay, as on the real instance.
func (i *Instance) set(row record, fields map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		switch value := fields[name]; {
		case name == "work_notes" || name == "comments":
			if value != "" {
				i.journal(row["sys_id"], name, value)
			}
		case name == "assignment_group":
			row[name] = i.group(value)
		case !strings.HasPrefix(name, "sys_") && name != "number" && slices.Contains(fieldsOf["incident"], name):
			row[name] = value
		}
	}
	row["priority"] = priority(row["impact"], row["urgency"])
	row["sys_updated_on"] = i.o.Now().UTC().Format(clock)
}

// priority is the default lookup table of impact and urgency.
func priority(impact, urgency string) string {
	sum := number(impact, 3) + number(urgency, 3) - 1
	return strconv.Itoa(min(max(sum, 1), 5))
}

func (i *Instance) group(value string) string {
	for id, name := range i.o.Groups {
		if strings.EqualFold(name, value) {
			return id
		}
	}
	return value
}

func (i *Instance) journal(id, element, value string) {
	i.next++
	now := i.o.Now().UTC()
	i.tables["sys_journal_field"] = append(i.tables["sys_journal_field"], record{
		"sys_id": i.id("journal"), "name": "incident", "element_id": id, "element": element, "value": value,
		"sys_created_on": now.Format(clock), "sys_created_by": i.user(), "\x00written": now.Format(time.RFC3339Nano),
	})
}

func (i *Instance) user() string { return cmp.Or(i.o.Username, "firefinder") }

// id is 32 hex digits, the same in every run.
func (i *Instance) id(kind string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", kind, i.next))
	return hex.EncodeToString(sum[:16])
}
