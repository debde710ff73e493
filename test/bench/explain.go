package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/test/bench/score"
)

const caseList = 60 // cases named in an error

// explain prints the brief of one case as a person reads it, with a chart of its strongest signals.
func explain(all []score.Dataset, data, target string, w io.Writer) error {
	name, id, _ := strings.Cut(target, "/")
	at := slices.IndexFunc(all, func(d score.Dataset) bool { return d.Name == name })
	if at < 0 {
		return fmt.Errorf("no dataset %q: choose from %s, as in -explain %s/<case>", name, strings.Join(names(all), ", "), all[0].Name)
	}
	if all[at].Case == nil {
		return fmt.Errorf("%s has no incidents to explain: it scores %s", name, "single series or lines")
	}
	in, cases, err := all[at].Case(filepath.Join(data, name), id)
	if err != nil {
		return fmt.Errorf("load %s: %w", target, err)
	}
	if len(cases) > 0 || id == "" {
		return fmt.Errorf("no case %q in %s: it has %s", id, name, listed(cases))
	}
	began := time.Now()
	brief := evidence.Analyze(in)
	took := time.Since(began)
	fmt.Fprintf(w, "%s, analysed in %s\n\n", target, took.Round(time.Microsecond))
	if err := brief.Text(w); err != nil {
		return err
	}
	return chart(w, in, brief)
}

func listed(cases []string) string {
	if len(cases) > caseList {
		return strings.Join(cases[:caseList], ", ") + fmt.Sprintf(" and %d more", len(cases)-caseList)
	}
	return strings.Join(cases, ", ")
}
