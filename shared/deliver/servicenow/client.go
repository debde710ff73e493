package servicenow

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
)

// Credentials sign in at the instance: a bearer token, or user name and password.
type Credentials struct {
	Username string `json:"username"`
	Password string `json:"password"`
	Token    string `json:"token"`
}

// String keeps credentials out of logs.
func (Credentials) String() string { return "[secret]" }

// ParseCredentials reads the secret {"username","password"} or {"token"}.
func ParseCredentials(secret []byte) (Credentials, error) {
	var c Credentials
	if err := json.Unmarshal(secret, &c); err != nil {
		return c, incident.Errorf(incident.Invalid, `the ServiceNow secret is not JSON; store {"username":…,"password":…} or {"token":…}`)
	}
	if c.Token == "" && (c.Username == "" || c.Password == "") {
		return c, incident.Errorf(incident.Invalid, `the ServiceNow secret has neither token nor username and password; store {"username":…,"password":…} or {"token":…}`)
	}
	return c, nil
}

// Value is one field of a record. The Table API writes it as a string (sysparm_display_value=false or true), as an
// object with display_value and value (all), or as an object with a link (references); all are understood.
type Value struct{ Value, Display string }

// UnmarshalJSON implements json.Unmarshaler.
func (v *Value) UnmarshalJSON(data []byte) error {
	var object struct {
		Value   *string `json:"value"`
		Display *string `json:"display_value"`
	}
	var s string
	switch {
	case string(data) == "null":
		return nil
	case len(data) > 0 && data[0] == '"':
		if err := json.Unmarshal(data, &s); err != nil {
			return err
		}
		v.Value, v.Display = s, s
		return nil
	case len(data) > 0 && data[0] == '{':
		if err := json.Unmarshal(data, &object); err != nil {
			return err
		}
		if object.Value != nil {
			v.Value, v.Display = *object.Value, *object.Value
		}
		if object.Display != nil {
			v.Display = *object.Display
			if object.Value == nil {
				v.Value = *object.Display
			}
		}
		return nil
	}
	v.Value, v.Display = string(data), string(data)
	return nil
}

// Row is a record of a table.
type Row map[string]Value

// Query is a read of a table.
type Query struct {
	Encoded string // encoded query; values in it must have passed Quote
	Fields  []string
	Limit   int
}

// Quote makes a value safe inside an encoded query: ^ separates conditions and is doubled, line breaks are dropped.
func Quote(value string) string {
	return strings.NewReplacer("^", "^^", "\n", "", "\r", "").Replace(value)
}

// Client speaks the Table API of one instance.
type Client struct {
	Base        string // https://<name>.service-now.com
	Credentials func(ctx context.Context) (Credentials, error)
	HTTP        *http.Client
}

// Find reads records. An empty answer is no error.
func (c *Client) Find(ctx context.Context, table string, q Query) ([]Row, error) {
	params := url.Values{"sysparm_query": {q.Encoded}, "sysparm_exclude_reference_link": {"true"}, "sysparm_display_value": {"false"}}
	if len(q.Fields) > 0 {
		params.Set("sysparm_fields", strings.Join(q.Fields, ","))
	}
	if q.Limit > 0 {
		params.Set("sysparm_limit", strconv.Itoa(q.Limit))
	}
	var out struct {
		Result []Row `json:"result"`
	}
	return out.Result, c.call(ctx, http.MethodGet, "/api/now/table/"+table+"?"+params.Encode(), nil, &out)
}

// Create inserts a record. It is not safe to repeat after Unavailable: look first.
func (c *Client) Create(ctx context.Context, table string, fields map[string]string) (Row, error) {
	var out struct {
		Result Row `json:"result"`
	}
	return out.Result, c.call(ctx, http.MethodPost, "/api/now/table/"+table+"?sysparm_exclude_reference_link=true", fields, &out)
}

// Update changes fields of a record; a journal field such as work_notes gets a new entry, so a repeat adds another.
func (c *Client) Update(ctx context.Context, table, sysID string, fields map[string]string) error {
	var out struct{}
	return c.call(ctx, http.MethodPatch, "/api/now/table/"+table+"/"+url.PathEscape(sysID)+"?sysparm_fields=sys_id", fields, &out)
}

const (
	answerTime = 10 * time.Second // of one request
	answerSize = 4 << 20          // bytes read of one answer
)

func (c *Client) call(ctx context.Context, method, path string, body any, into any) error {
	what := method + " " + strings.SplitN(strings.TrimPrefix(path, "/api/now/table/"), "?", 2)[0]
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	req, err := c.request(ctx, method, path, body)
	if err != nil {
		return err
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return incident.Errorf(incident.Unavailable, "ServiceNow %s: no answer: %w", what, bare(err))
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, answerSize))
	if err != nil {
		return incident.Errorf(incident.Unavailable, "ServiceNow %s: the answer was cut off: %w", what, err)
	}
	if err := verdict(resp, data, what); err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return incident.Errorf(incident.Unavailable, "ServiceNow %s: the answer is not JSON (status %d); a hibernating instance answers so, wake it up in the developer portal", what, resp.StatusCode)
	}
	return nil
}

func (c *Client) request(ctx context.Context, method, path string, body any) (*http.Request, error) {
	var payload io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("ServiceNow: encode: %w", err)
		}
		payload = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(c.Base, "/")+path, payload)
	if err != nil {
		return nil, incident.Errorf(incident.Invalid, "ServiceNow: instance %q is not a URL; see notify.servicenow.instance of the space", c.Base)
	}
	cred, err := c.Credentials(ctx)
	if err != nil {
		return nil, fmt.Errorf("ServiceNow credentials: %w", err)
	}
	if cred.Token != "" {
		req.Header.Set("Authorization", "Bearer "+cred.Token)
	} else {
		req.SetBasicAuth(cred.Username, cred.Password)
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// bare drops the URL that net/http puts around an error: a query may hold what people wrote.
func bare(err error) error {
	if u, ok := err.(*url.Error); ok {
		return u.Err
	}
	return err
}

// slow is Throttled with the time that the instance asks to wait.
type slow struct {
	error
	after time.Duration
}

func (s slow) Unwrap() error { return s.error }

// verdict maps a status to a class, with what to do about it.
func verdict(resp *http.Response, data []byte, what string) error {
	said := func(class incident.Class, advice string) error {
		return incident.Errorf(class, "ServiceNow %s: status %d%s%s", what, resp.StatusCode, detail(data), advice)
	}
	switch code := resp.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code >= 300 && code < 400:
		return said(incident.Denied, "; the instance redirects to a sign-in page: check the instance's address and that the user may use the API")
	case code == http.StatusUnauthorized:
		return said(incident.Denied, "; the credentials were not accepted: renew the space's ServiceNow secret")
	case code == http.StatusForbidden:
		return said(incident.Denied, "; the user lacks a role: it needs itil (or rights on incident and sys_journal_field)")
	case code == http.StatusNotFound:
		return said(incident.NotFound, "")
	case code == http.StatusTooManyRequests:
		return slow{said(incident.Throttled, ""), retryAfter(resp.Header.Get("Retry-After"))}
	case code == http.StatusRequestTimeout || code >= 500:
		return said(incident.Unavailable, "")
	}
	return said(incident.Invalid, "")
}

// retryAfter reads a wait in seconds; a date or nonsense counts as a minute.
func retryAfter(v string) time.Duration {
	if n, err := strconv.Atoi(strings.TrimSpace(v)); err == nil && n >= 0 && n < 3600 {
		return time.Duration(n) * time.Second
	}
	return time.Minute
}

// detail is the instance's own message, shortened.
func detail(data []byte) string {
	var body struct {
		Error struct {
			Message string `json:"message"`
			Detail  string `json:"detail"`
		} `json:"error"`
	}
	if json.Unmarshal(data, &body) != nil || body.Error.Message == "" {
		return ""
	}
	text := ", " + body.Error.Message
	if body.Error.Detail != "" {
		text += " (" + body.Error.Detail + ")"
	}
	return string([]rune(text)[:min(300, len([]rune(text)))])
}
