package aws

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/firefinder/firefinder/shared/aws/dynamo"
	"github.com/firefinder/firefinder/shared/cli"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/record"
)

var undoURL = regexp.MustCompile(`Investigate it by itself: (http://\S+/undo/(evt-\w+))#(\S{43})`)

// checkUndo follows the link that the mail about the findings has beside the linked alarm: the page's function records,
// the sweep starts, and the approvers are told what the alarm's own investigation found. The command line, with a person's
// credentials, finds the same reversal.
func (d *deployment) checkUndo(o *outside) {
	t := d.t
	t.Helper()
	var link []string
	for _, m := range o.sent() {
		if link == nil {
			link = undoURL.FindStringSubmatch(m.Content.Simple.Body.Text.Data)
		}
	}
	if link == nil {
		t.Fatal("no mail has a link to undo")
	}
	post := func(secret string) (int, incident.Reversal) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, link[1], strings.NewReader(fmt.Sprintf(`{"secret":%q,"by":"alex@example.com","why":"not ours"}`, secret)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		var out struct{ Reversal incident.Reversal }
		if err := json.Unmarshal(body, &out); err != nil {
			t.Errorf("%s: %v", body, err)
		}
		return resp.StatusCode, out.Reversal
	}
	if status, _ := post(strings.Repeat("A", 43)); status != http.StatusForbidden {
		t.Errorf("a wrong secret: status %d", status)
	}
	status, r := post(link[3])
	if status != http.StatusOK || r.By != "alex@example.com" || d.started(r.Investigation) {
		t.Fatalf("status %d, %+v; the page's function must not start it", status, r)
	}
	if a, err := d.invoke("sweep", struct{}{}); err != nil || a.ErrorType != "" || !d.started(r.Investigation) {
		t.Errorf("the sweep did not start %s: %+v, %v", r.Investigation, a, err)
	}
	eventually(t, "the findings of the alarm's own investigation are told", func() bool {
		for _, m := range o.sent() {
			if text := m.Content.Simple.Body.Text.Data; strings.Contains(text, "Investigation "+r.Investigation+" ") && strings.Contains(text, "Reversed by alex@example.com") {
				return true
			}
		}
		return false
	})
	var out, errs strings.Builder
	code := cli.Main([]string{"unlink", link[2], "--as", "sam@example.com", "--table", d.table, "--space", filepath.Join(d.dir, "space.yaml"), "--json"}, &out, &errs)
	if code != 0 || !strings.Contains(out.String(), r.Investigation) || !strings.Contains(out.String(), `"by": "alex@example.com"`) {
		t.Errorf("unlink: exit %d, %s%s", code, out.String(), errs.String())
	}
	eventually(t, "nothing calls functions any more", func() bool {
		inv, err := record.Get(t.Context(), dynamo.New(load(t), d.table), r.Investigation)
		return err == nil && inv.State == incident.AwaitingApproval
	})
}
