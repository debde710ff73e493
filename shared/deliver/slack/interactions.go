package slack

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
)

// Headers of a signed request.
const (
	TimestampHeader = "X-Slack-Request-Timestamp"
	SignatureHeader = "X-Slack-Signature"
)

const (
	tolerance      = 300 * time.Second
	maxInteraction = 256 << 10 // bytes of a request
)

// errUnsigned is the one answer to everything that does not verify: it gives nothing away.
var errUnsigned = incident.Errorf(incident.Denied, "slack: the request is not signed by our app")

// Verify checks Slack's v0 signature over the raw form body: "v0=" and the hex HMAC-SHA256 of "v0:<timestamp>:<body>".
// The timestamp may be 300 s off either way. All active secrets are tried, without early exit. The error is the same for
// every fault.
func Verify(now time.Time, secrets []string, timestamp, signature string, body []byte) error {
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	plausible := err == nil && len(timestamp) <= 12 && timestamp == strconv.FormatInt(seconds, 10) && len(body) <= maxInteraction
	off := now.Sub(time.Unix(seconds, 0))
	claimed, err := hex.DecodeString(strings.TrimPrefix(signature, "v0="))
	plausible = plausible && err == nil && strings.HasPrefix(signature, "v0=") && len(claimed) == sha256.Size && off <= tolerance && off >= -tolerance
	genuine := false
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte("v0:" + timestamp + ":"))
		mac.Write(body)
		if hmac.Equal(mac.Sum(nil), claimed) && len(secret) >= 16 {
			genuine = true
		}
	}
	if !plausible || !genuine {
		return errUnsigned
	}
	return nil
}

// Interaction is one press of an approval button.
type Interaction struct {
	Approval string
	PlanHash string
	Decision incident.ApprovalState // Approved or Rejected
	User     string                 // Slack user id
	Team     string
	App      string
	Answer   string // where to answer that person; empty unless it is a webhook of Slack's
}

// Parse reads the raw form body of a verified request. A press of a button that decides nothing (a link) is NotFound:
// acknowledge it and do nothing. Anything else that is no press of our buttons is Invalid.
func Parse(body []byte) (Interaction, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil || len(form["payload"]) != 1 {
		return Interaction{}, incident.Errorf(incident.Invalid, "slack: the request has no payload")
	}
	var p struct {
		Type string `json:"type"`
		App  string `json:"api_app_id"`
		URL  string `json:"response_url"`
		User struct {
			ID   string `json:"id"`
			Team string `json:"team_id"`
		} `json:"user"`
		Team *struct {
			ID string `json:"id"`
		} `json:"team"`
		Actions []struct {
			ID    string `json:"action_id"`
			Type  string `json:"type"`
			Value string `json:"value"`
		} `json:"actions"`
	}
	if err := json.Unmarshal([]byte(form.Get("payload")), &p); err != nil {
		return Interaction{}, incident.Errorf(incident.Invalid, "slack: the payload is not JSON")
	}
	if p.Type != "block_actions" || len(p.Actions) != 1 || p.Actions[0].Type != "button" || p.Team == nil || p.User.ID == "" {
		return Interaction{}, incident.Errorf(incident.Invalid, "slack: not the press of one button by one person")
	}
	out := Interaction{User: p.User.ID, Team: p.Team.ID, App: p.App}
	if strings.HasPrefix(p.URL, "https://hooks.slack.com/") {
		out.Answer = p.URL
	}
	switch p.Actions[0].ID {
	case "approve":
		out.Decision = incident.Approved
	case "reject":
		out.Decision = incident.Rejected
	case "open":
		return out, incident.Errorf(incident.NotFound, "slack: this button decides nothing")
	default:
		return Interaction{}, incident.Errorf(incident.Invalid, "slack: unknown button")
	}
	out.Approval, out.PlanHash, err = pressed(p.Actions[0].Value)
	return out, err
}

// Person maps the Slack user to an approver of the space. Denied: another workspace or app, or a user whom the space file
// does not list under notify.slack.people, or one whose address is no approver's.
func (i Interaction) Person(s config.Space) (incident.Person, error) {
	n := s.Notify.Slack
	if n == nil || n.Team == "" || n.App == "" {
		return incident.Person{}, incident.Errorf(incident.Denied, "decisions from Slack are off: set team and app under notify.slack of the space")
	}
	if i.Team != n.Team || i.App != n.App {
		return incident.Person{}, incident.Errorf(incident.Denied, "the button was pressed in another workspace or app")
	}
	address, ok := n.People[i.User]
	if !ok || !s.Approvals.IsApprover(address) {
		return incident.Person{}, incident.Errorf(incident.Denied, "Slack user %q is no approver of this space; list the user under notify.slack.people and the address under approvals.people", i.User)
	}
	return incident.Person{Subject: strings.ToLower(address), Name: nameOf(s.Approvals, address), Method: "slack"}, nil
}

func nameOf(a config.Approvals, address string) string {
	for _, p := range a.People {
		if strings.EqualFold(p.Email, address) {
			return p.Name
		}
	}
	return ""
}
