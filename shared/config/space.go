// Package config reads settings: the Agent Space file (YAML, strict) and the environment of a function.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/firefinder/firefinder/shared/incident"
)

// Space is one Agent Space: scope and unit of deployment. It is written as infra/spaces/<name>.yaml.
type Space struct {
	Name       string     `yaml:"name"`
	Language   string     `yaml:"language"` // response language, BCP 47; default en
	Account    string     `yaml:"account"`  // AWS account that is investigated and deployed to
	Region     string     `yaml:"region"`
	PublicURL  string     `yaml:"public_url"` // base of links in mails; filled at deploy when empty
	Services   []Service  `yaml:"services"`
	Sources    []Source   `yaml:"sources"`
	Connectors Connectors `yaml:"connectors"`
	Notify     Notify     `yaml:"notify"`
	Budget     Budget     `yaml:"budget"`
	Models     Models     `yaml:"models"`
	Approvals  Approvals  `yaml:"approvals"`
	Plans      string     `yaml:"plans"`  // automatic (default) or on_request
	Skills     []string   `yaml:"skills"` // active skills by name; empty: all
	Deploy     Deploy     `yaml:"deploy"`
}

// Deploy holds what only the deployment to AWS reads.
type Deploy struct {
	AlarmPrefixes   []string `yaml:"alarm_prefixes"`    // CloudWatch alarms of this space by name; empty: every alarm of account and region
	Webhook         string   `yaml:"webhook"`           // foreign webhook that the signer posts to instead of this space's own
	JournalLockDays int      `yaml:"journal_lock_days"` // Object Lock (compliance mode) of journal copies, in a bucket of their own; 0: no lock
	OperatorsTopic  string   `yaml:"operators_topic"`   // ARN of the SNS topic told when Firefinder itself is in trouble; empty: the stack makes one
}

func (d Deploy) faults() []string {
	var out []string
	if d.Webhook != "" && !strings.HasPrefix(d.Webhook, "https://") {
		out = append(out, "deploy.webhook: must be an https URL")
	}
	if d.JournalLockDays < 0 || d.JournalLockDays > 36_500 {
		out = append(out, "deploy.journal_lock_days: must be between 0 and 36500")
	}
	if d.OperatorsTopic != "" && !topicARN.MatchString(d.OperatorsTopic) {
		out = append(out, "deploy.operators_topic: must be the ARN of an SNS topic")
	}
	if slices.Contains(d.AlarmPrefixes, "") {
		out = append(out, "deploy.alarm_prefixes: an empty prefix matches every alarm; leave the list out instead")
	}
	return out
}

// Service is a component the team knows by name.
type Service struct {
	Name       string              `yaml:"name"`
	Dimensions map[string][]string `yaml:"dimensions"` // metric or resource dimension -> values that belong to this service
	Tags       map[string]string   `yaml:"tags"`       // resource tags that mark it
	DependsOn  []string            `yaml:"depends_on"`
	Repository string              `yaml:"repository"`
	LogGroups  []string            `yaml:"log_groups"`
}

// Source is one thing that may send events to this space.
type Source struct {
	Kind   string `yaml:"kind"`   // cloudwatch, generic, grafana, ...
	Scheme string `yaml:"scheme"` // hmac (default where the vendor offers it), bearer, standard
	Secret string `yaml:"secret"` // name of the secret; default firefinder/<space>/source/<kind>

	Priority incident.Priority `yaml:"priority"` // of alarms that carry no hint of their own; default MEDIUM
}

// Connectors says what may be looked at.
type Connectors struct {
	ReaderRoles []string `yaml:"reader_roles"` // ARNs of reader roles in other accounts
	Scenario    string   `yaml:"scenario"`     // folder of recorded telemetry; laptop only
}

// Notify says who is told, and how.
type Notify struct {
	ServiceNow *ServiceNow `yaml:"servicenow"`
	Slack      *Slack      `yaml:"slack"`
	Email      *Email      `yaml:"email"`
	Events     *Events     `yaml:"events"`
}

// Events is an event bus of EventBridge, which other programs listen to.
type Events struct {
	Bus string `yaml:"bus"` // name or ARN
}

// EventBus is the bus of the space's events; empty: none.
func (n Notify) EventBus() string {
	if n.Events == nil {
		return ""
	}
	return n.Events.Bus
}

var eventBus = regexp.MustCompile(`^(arn:aws[a-z-]*:events:[a-z0-9-]+:\d{12}:event-bus/)?[\w./-]{1,256}$`)

// ServiceNow is a ServiceNow instance's Table API.
type ServiceNow struct {
	Instance string `yaml:"instance"` // https://<name>.service-now.com
	Secret   string `yaml:"secret"`   // secret with {"username","password"} or {"token"}
	Create   bool   `yaml:"create"`   // create an incident when none carries our correlation id
	Group    string `yaml:"assignment_group"`
}

// Slack is a Slack app.
type Slack struct {
	Channel string            `yaml:"channel"`
	Secret  string            `yaml:"secret"` // secret with {"token","signing_secret"}
	Team    string            `yaml:"team"`
	App     string            `yaml:"app"`
	People  map[string]string `yaml:"people"` // Slack user id -> approver's mail address
}

// Email is mail by SES.
type Email struct {
	From string   `yaml:"from"`
	To   []string `yaml:"to"`
}

// Budget bounds one investigation and one day of a space. Zero takes the default.
type Budget struct {
	Turns      int           `yaml:"turns"`
	Tools      int           `yaml:"tools"`
	TokensIn   int           `yaml:"tokens_in"`
	TokensOut  int           `yaml:"tokens_out"`
	Wall       time.Duration `yaml:"wall"`
	Bytes      int           `yaml:"bytes"`       // of tool results
	DollarsDay float64       `yaml:"dollars_day"` // ceiling per space and UTC day
	Concurrent int           `yaml:"concurrent"`  // running investigations
}

// Models names Bedrock models or inference profiles by role.
type Models struct {
	Investigate string           `yaml:"investigate"`
	Summarise   string           `yaml:"summarise"`
	Fallback    string           `yaml:"fallback"`
	Underlying  []string         `yaml:"underlying"` // foundation model ids behind application inference profiles given by ARN; IAM needs both
	Guardrail   string           `yaml:"guardrail"`
	GuardrailV  string           `yaml:"guardrail_version"`
	Prices      map[string]Price `yaml:"prices"` // model -> dollars per million tokens
}

// Price is dollars per million tokens.
type Price struct {
	In         float64 `yaml:"in"`
	Out        float64 `yaml:"out"`
	CacheRead  float64 `yaml:"cache_read"`
	CacheWrite float64 `yaml:"cache_write"`
}

// Approvals says who may decide and for how long.
type Approvals struct {
	People  []Approver    `yaml:"people"`
	Timeout time.Duration `yaml:"timeout"`        // of the waiting task; the approval expires 5 minutes earlier
	TwoFor  string        `yaml:"two_people_for"` // risk from which two people must approve: high (default) or never
}

// Approver is a person who may decide.
type Approver struct {
	Name  string `yaml:"name"`
	Email string `yaml:"email"`
}

var (
	spaceName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
	topicARN  = regexp.MustCompile(`^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+$`)
)

// ParseSpace reads a space file strictly: unknown keys, wrong types and missing values are Invalid errors that name the
// line and the key. Defaults are filled in. file is used in messages only.
func ParseSpace(file string, data []byte) (Space, error) {
	var s Space
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&s); err != nil {
		if errors.Is(err, io.EOF) {
			return Space{}, incident.Errorf(incident.Invalid, "%s: the file is empty; start from `firefinder space init NAME`", file)
		}
		return Space{}, incident.Errorf(incident.Invalid, "%s: %s", file, yamlFaults(data, err))
	}
	if faults := fractions(data); len(faults) > 0 {
		return Space{}, incident.Errorf(incident.Invalid, "%s: %s", file, strings.Join(faults, "; "))
	}
	if err := dec.Decode(new(any)); !errors.Is(err, io.EOF) {
		return Space{}, incident.Errorf(incident.Invalid, "%s: more than one YAML document; keep one space per file", file)
	}
	s = s.withDefaults()
	if faults := s.faults(); len(faults) > 0 {
		return Space{}, incident.Errorf(incident.Invalid, "%s: %s", file, strings.Join(faults, "; "))
	}
	return s, nil
}

// LoadSpace reads a space file from disk.
func LoadSpace(path string) (Space, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return Space{}, incident.Errorf(incident.NotFound, "space file %s does not exist; `firefinder space init NAME` writes one", path)
	}
	if err != nil {
		return Space{}, incident.Errorf(incident.Unavailable, "read space file: %w", err)
	}
	return ParseSpace(path, data)
}

func (s Space) withDefaults() Space {
	def := func(v *string, d string) {
		if *v == "" {
			*v = d
		}
	}
	num := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	def(&s.Language, "en")
	def(&s.Plans, "automatic")
	def(&s.Approvals.TwoFor, "high")
	if s.Approvals.Timeout == 0 {
		s.Approvals.Timeout = 4 * time.Hour
	}
	num(&s.Budget.Turns, 40)
	num(&s.Budget.Tools, 60)
	num(&s.Budget.TokensIn, 400_000)
	num(&s.Budget.TokensOut, 40_000)
	num(&s.Budget.Bytes, 8<<20)
	num(&s.Budget.Concurrent, 5)
	if s.Budget.Wall == 0 {
		s.Budget.Wall = 20 * time.Minute
	}
	if s.Budget.DollarsDay == 0 {
		s.Budget.DollarsDay = 20
	}
	for i := range s.Sources {
		def(&s.Sources[i].Secret, "firefinder/"+s.Name+"/source/"+s.Sources[i].Kind)
	}
	if n := s.Notify.ServiceNow; n != nil {
		def(&n.Secret, "firefinder/"+s.Name+"/servicenow")
	}
	if n := s.Notify.Slack; n != nil {
		def(&n.Secret, "firefinder/"+s.Name+"/slack")
	}
	if n := s.Notify.Events; n != nil {
		def(&n.Bus, "default")
	}
	return s
}

func (s Space) faults() []string {
	var out []string
	check := func(ok bool, format string, args ...any) {
		if !ok {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	check(spaceName.MatchString(s.Name), "name: must match %s", spaceName)
	check(s.Plans == "automatic" || s.Plans == "on_request", "plans: must be automatic or on_request")
	check(s.Approvals.TwoFor == "high" || s.Approvals.TwoFor == "never", "approvals.two_people_for: must be high or never")
	check(s.Approvals.Timeout >= 10*time.Minute, "approvals.timeout: at least 10m")
	check(s.Budget.DollarsDay > 0, "budget.dollars_day: must be positive")
	check(s.Budget.Wall > 0, "budget.wall: must be positive")
	b := s.Budget
	check(min(b.Turns, b.Tools, b.TokensIn, b.TokensOut, b.Bytes, b.Concurrent) > 0, "budget: turns, tools, tokens_in, tokens_out, bytes and concurrent must be positive; leave one out for its default")
	check(s.Account == "" || regexp.MustCompile(`^\d{12}$`).MatchString(s.Account), "account: must be 12 digits")
	out = append(out, s.Deploy.faults()...)
	names := map[string]bool{}
	for i, svc := range s.Services {
		check(svc.Name != "", "services[%d].name: required", i)
		check(!names[svc.Name], "services[%d].name: %q appears twice", i, svc.Name)
		names[svc.Name] = true
	}
	kinds := map[string]bool{}
	for i, src := range s.Sources {
		check(src.Kind != "", "sources[%d].kind: required", i)
		check(!kinds[src.Kind], "sources[%d].kind: %q appears twice", i, src.Kind)
		check(slices.Contains([]string{"", "hmac", "bearer", "standard"}, src.Scheme), "sources[%d].scheme: must be hmac, bearer or standard", i)
		check(src.Priority == "" || slices.Contains(incident.Priorities, src.Priority), "sources[%d].priority: must be CRITICAL, HIGH, MEDIUM, LOW or MINIMAL", i)
		kinds[src.Kind] = true
	}
	if n := s.Notify.ServiceNow; n != nil {
		check(strings.HasPrefix(n.Instance, "https://") || strings.HasPrefix(n.Instance, "http://localhost") || strings.HasPrefix(n.Instance, "http://127.0.0.1"), "notify.servicenow.instance: must be an https URL")
	}
	if n := s.Notify.Email; n != nil {
		check(n.From != "", "notify.email.from: required")
		check(len(n.To) > 0, "notify.email.to: at least one address")
	}
	if n := s.Notify.Events; n != nil {
		check(eventBus.MatchString(n.Bus), "notify.events.bus: must be the name or the ARN of an event bus")
	}
	for i, p := range s.Approvals.People {
		check(strings.Contains(p.Email, "@"), "approvals.people[%d].email: must be a mail address", i)
	}
	return out
}

// ServiceFor maps resource dimensions to a service name: the first service (in file order) one of whose dimension values
// matches. Empty if none does.
func (s Space) ServiceFor(dimensions map[string]string) string {
	for _, svc := range s.Services {
		for name, values := range svc.Dimensions {
			if v, ok := dimensions[name]; ok && slices.Contains(values, v) {
				return svc.Name
			}
		}
	}
	return ""
}

// Service finds a service by name.
func (s Space) Service(name string) (Service, bool) {
	for _, svc := range s.Services {
		if svc.Name == name {
			return svc, true
		}
	}
	return Service{}, false
}

// UndoSecret names the secret under which links that reverse triage decisions are made.
func (s Space) UndoSecret() string { return "firefinder/" + s.Name + "/undo" }

// TwoPeople reports whether a plan of this risk needs two different approvers.
func (a Approvals) TwoPeople(r incident.Risk) bool {
	return a.TwoFor == "high" && r == incident.RiskHigh
}

// IsApprover reports whether the mail address may decide.
func (a Approvals) IsApprover(email string) bool {
	return slices.ContainsFunc(a.People, func(p Approver) bool { return strings.EqualFold(p.Email, email) })
}
