package console

import (
	"context"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/record"
)

// approveView is everything the approval page shows.
type approveView struct {
	Frame         frame
	Approval      incident.Approval
	Plan          incident.Plan // decoded from the bytes whose hash is approved
	Investigation incident.Investigation
	Conclusion    *incident.Conclusion
	People        []config.Approver
	Now           time.Time
	Open          bool   // a decision is still possible
	Ended         string // what became of it, once it is not
	CSRF          string
	Outcome       *outcome // of the decision that was just sent

	Email, Comment string // as the person typed them
	BadCode        bool
}

// outcome is the answer to what a person just did.
type outcome struct {
	Kind  string // good, warn or bad
	Title string
	Text  string
}

func (p *approvePages) view(ctx context.Context, id string) (approveView, error) {
	v := approveView{Now: p.d.Now().UTC(), People: p.d.Space.Approvals.People}
	var err error
	if v.Approval, err = p.d.Approvals.Get(ctx, id); err != nil {
		return v, err
	}
	if v.Plan, _, err = p.d.Approvals.Plan(ctx, v.Approval); err != nil {
		return v, err
	}
	if v.Investigation, err = record.Get(ctx, p.d.Store, v.Approval.Investigation); err != nil {
		return v, err
	}
	c, found, err := record.Conclusion(ctx, p.d.Store, v.Approval.Investigation)
	if err != nil {
		return v, err
	}
	if found {
		v.Conclusion = &c
	}
	v.Open = v.Approval.State == incident.Pending && v.Now.Before(v.Approval.ExpiresAt)
	if !v.Open && v.Approval.State == incident.Pending { // its time is over, whether or not that was stored yet
		v.Approval.State = incident.Expired
	}
	v.Ended = ended(v.Approval)
	v.Frame = p.frame("Plan for " + v.Investigation.Title)
	if v.Open {
		v.Frame.Script = "approve.js"
	}
	return v, nil
}

// ended says what became of an approval and what follows from it.
func ended(a incident.Approval) string {
	var text string
	switch a.State {
	case incident.Approved:
		text = "The plan is handed to people; Firefinder executes nothing."
	case incident.Rejected:
		text = "The plan is not to be carried out. A new plan can be asked for."
	case incident.Superseded:
		text = "A newer plan replaced this one. Open the message about the newer plan to decide."
	default:
		text = "Nobody decided in time, so the plan is not approved. A new plan can be asked for."
	}
	if a.Workflow == incident.TooLate {
		text += " The workflow had gone on before this reached it; the ticket may say that nobody decided."
	}
	return text
}

func approvalWord(s incident.ApprovalState) string {
	switch s {
	case incident.Approved:
		return "Approved"
	case incident.Rejected:
		return "Rejected"
	case incident.Superseded:
		return "Superseded"
	case incident.Pending:
		return "Waiting for a decision"
	}
	return "Expired"
}

func approvalKind(s incident.ApprovalState) string {
	switch s {
	case incident.Approved:
		return "good"
	case incident.Rejected:
		return "bad"
	case incident.Pending:
		return "act"
	}
	return "over"
}

func personName(p incident.Person) string {
	if p.Name != "" {
		return p.Name
	}
	return p.Subject
}

func orNone(s string) string {
	if s == "" {
		return "not named"
	}
	return s
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// otherPhases are actions whose phase is none of the four: they must not vanish from what is shown.
func otherPhases(p incident.Plan) []incident.PlanAction {
	var out []incident.PlanAction
	for _, a := range p.Actions {
		switch a.Phase {
		case incident.Prepare, incident.PreValidate, incident.Apply, incident.PostValidate:
		default:
			out = append(out, a)
		}
	}
	return out
}
