package evidence

import (
	"slices"
	"testing"
)

// A removed variable is one whether a diff or a deployment's parameters say so.
func TestARemovedVariable(t *testing.T) {
	for _, c := range []Change{
		{ID: "diff", Diff: "@@ -1,2 +1,1 @@\n-  DB_HOST: db.internal\n"},
		{ID: "parameter", Parameters: []Parameter{{Name: "DB_HOST", Old: "db.internal"}}},
		{ID: "parameter of an environment", Parameters: []Parameter{{Name: "environment.DB_HOST", Old: "hash:0123456789ab"}}},
	} {
		if all := effectsOf(c, editOf(c)); !slices.ContainsFunc(all, func(e effect) bool { return e.name == "env_removed" }) {
			t.Errorf("%s: %+v", c.ID, all)
		}
	}
}
