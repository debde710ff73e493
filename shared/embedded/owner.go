package embedded

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/firefinder/firefinder/shared/approval"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/queue"
	"github.com/firefinder/firefinder/shared/record"
)

// OwnerToken lets the owner of the state folder decide from the command line. It is made once and kept with the secrets.
func (a *App) OwnerToken() (string, error) {
	return a.Secrets.get("firefinder/" + a.Space.Name + "/owner")
}

// ownerDecides is POST /local/approvals/{id}: the owner of this machine decides, in an approver's name. It exists on
// laptops only.
func (a *App) ownerDecides(w http.ResponseWriter, r *http.Request) {
	if !a.owner(w, r) {
		return
	}
	var in struct {
		PlanHash string                 `json:"plan_hash"`
		Decision incident.ApprovalState `json:"decision"`
		As       string                 `json:"as"`
		Comment  string                 `json:"comment"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&in); err != nil {
		refuse(w, http.StatusBadRequest, "the body is not a decision")
		return
	}
	person := incident.Person{Subject: in.As, Method: "command line of this machine"}
	decided, verdict, err := a.Approvals.Decide(r.Context(), r.PathValue("id"), in.PlanHash, in.Decision, person, in.Comment)
	switch {
	case incident.Is(err, incident.NotFound):
		refuse(w, http.StatusNotFound, err.Error())
	case err != nil:
		refuse(w, http.StatusServiceUnavailable, err.Error())
	case verdict.Reason == approval.NotAnApprover || verdict.Reason == approval.OwnPlan:
		refuse(w, http.StatusForbidden, "not accepted: "+verdict.Detail)
	case !verdict.Accepted:
		refuse(w, http.StatusConflict, "not accepted: "+verdict.Detail)
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(decided) // the caller reads it or is gone
	}
}

// owner reports whether the request carries the owner's token, and refuses it if not.
func (a *App) owner(w http.ResponseWriter, r *http.Request) bool {
	token, err := a.OwnerToken()
	given := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if err != nil || subtle.ConstantTimeCompare([]byte(token), []byte(given)) != 1 {
		refuse(w, http.StatusUnauthorized, "only the owner of the state folder may do this")
		return false
	}
	return true
}

// ownerInvestigates is POST /local/investigations: the owner of this machine asks a question.
func (a *App) ownerInvestigates(w http.ResponseWriter, r *http.Request) {
	if !a.owner(w, r) {
		return
	}
	var e incident.Event
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 256<<10)).Decode(&e); err != nil {
		refuse(w, http.StatusBadRequest, "the body is not an event")
		return
	}
	id, err := a.Investigate(r.Context(), e)
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"investigation": id}) // the caller reads it or is gone
}

// ownerReverses is POST /local/alarms/{event}/investigate: a triage decision is reversed in a person's name.
func (a *App) ownerReverses(w http.ResponseWriter, r *http.Request) {
	if !a.owner(w, r) {
		return
	}
	var in struct {
		By  string `json:"by"`
		Why string `json:"why"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&in); err != nil {
		refuse(w, http.StatusBadRequest, "the body does not say who reverses the decision")
		return
	}
	reversal, _, err := a.Triage.InvestigateAnyway(r.Context(), r.PathValue("event"), incident.Person{Subject: in.By, Method: "command line of this machine"}, in.Why)
	switch {
	case incident.Is(err, incident.NotFound):
		refuse(w, http.StatusNotFound, err.Error())
	case incident.Is(err, incident.Invalid):
		refuse(w, http.StatusUnprocessableEntity, err.Error())
	case err != nil:
		refuse(w, http.StatusServiceUnavailable, err.Error())
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(reversal) // the caller reads it or is gone
	}
}

// Investigate hands an event to triage, as the queue does, and returns the investigation that it belongs to. A person's
// question always gets one: a decision to skip it is reversed in the person's name. Repeats are safe.
func (a *App) Investigate(ctx context.Context, e incident.Event) (string, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return "", err
	}
	if failed := a.Triage.Handle(ctx, []queue.Message{{ID: "manual", Body: body}}); failed["manual"] != nil {
		return "", failed["manual"]
	}
	alarm, err := record.GetAlarm(ctx, a.Store, e.EventID())
	if err != nil || alarm.Investigation != "" {
		return alarm.Investigation, err
	}
	r, _, err := a.Triage.InvestigateAnyway(ctx, e.EventID(), incident.Person{Subject: "owner of this machine"}, "asked by hand")
	return r.Investigation, err
}

func refuse(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": why})
}
