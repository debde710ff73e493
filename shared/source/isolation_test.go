package source_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
)

// T24: fifty spaces hear the same alarm. Each takes it from its own sender only, under an investigation id that no other
// space has; what another space's secret signed is refused everywhere, and nothing of it is kept.
func TestSpacesDoNotShareADoor(t *testing.T) {
	const spaces = 50
	body := sample(t, "generic/created.json")
	doors, secrets := make([]*hooks, spaces), make([]config.Secret, spaces)
	for i := range spaces {
		secrets[i] = config.NewSecret(fmt.Appendf(nil, "the-secret-of-space-%02d-0123456789-abcdef", i))
		doors[i] = newHooks(t, "")
		for name := range doors[i].secrets.active {
			doors[i].secrets.active[name] = []config.Secret{secrets[i]}
		}
	}
	refused, ids := 0, map[string]bool{}
	for i, door := range doors {
		for j := range secrets {
			got := door.do(signedWith(secrets[j], "/hooks/generic", body))
			if i != j && got != (response{http.StatusUnauthorized, `{"errors":["unauthorized"]}`}) {
				t.Fatalf("space %d answers the secret of space %d with %d %s", i, j, got.status, got.body)
			}
			if i != j {
				refused++
			}
		}
		if len(door.queue.bodies) != 1 || len(door.dead.bodies) != 0 {
			t.Fatalf("space %d holds %d events and %d dead letters, want its own event alone", i, len(door.queue.bodies), len(door.dead.bodies))
		}
		var e incident.Event
		if err := json.Unmarshal([]byte(door.queue.bodies[0]), &e); err != nil {
			t.Fatal(err)
		}
		ids[e.InvestigationID(fmt.Sprintf("space-%02d", i))] = true
	}
	t.Logf("%d spaces: %d foreign deliveries refused, %d investigation ids", spaces, refused, len(ids))
	if refused != spaces*(spaces-1) || len(ids) != spaces {
		t.Errorf("%d refused, %d ids", refused, len(ids))
	}
}
