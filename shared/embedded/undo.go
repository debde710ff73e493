package embedded

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/firefinder/firefinder/shared/incident"
)

// ownerUndoes is POST /local/alarms/{id}/{undo}: the owner of this machine reverses a decision of triage, in a person's
// name. undo is unlink, unskip or investigate.
func (a *App) ownerUndoes(w http.ResponseWriter, r *http.Request) {
	if !a.owner(w, r) {
		return
	}
	var in struct {
		As  string `json:"as"`
		Why string `json:"why"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&in); err != nil {
		refuse(w, http.StatusBadRequest, "the body is not a reversal")
		return
	}
	undo, ok := map[string]func(ctx context.Context, event, by, why string) (string, error){
		"unlink": a.Triage.Unlink, "unskip": a.Triage.Unskip, "investigate": a.Triage.InvestigateAnyway,
	}[r.PathValue("undo")]
	if !ok {
		refuse(w, http.StatusNotFound, "unlink, unskip or investigate")
		return
	}
	id, err := undo(r.Context(), r.PathValue("id"), in.As, in.Why)
	switch incident.ClassOf(err) {
	case "":
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"investigation": id}) // the caller reads it or is gone
	case incident.NotFound:
		refuse(w, http.StatusNotFound, err.Error())
	case incident.Invalid:
		refuse(w, http.StatusUnprocessableEntity, err.Error())
	default:
		refuse(w, http.StatusServiceUnavailable, err.Error())
	}
}
