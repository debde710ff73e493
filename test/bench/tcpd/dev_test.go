package tcpd

import (
	"fmt"
	"testing"

	"github.com/firefinder/firefinder/shared/evidence"
)

func TestDev(t *testing.T) {
	dir := "/work/shared/bench/tcpd"
	all, _ := Load(dir)
	ann, _ := loadAnnotations(dir)
	rs, err := Run(dir, evidence.ChangePoints)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range all {
		zero := F1(ann[s.Name], nil)
		fmt.Printf("%-20s F1 %.3f (zero %.3f) cover %.3f n=%d %v\n", s.Name, rs[0].Parts[i], zero, rs[1].Parts[i], len(s.Values[0]), predict(s.Values, evidence.ChangePoints))
	}
	fmt.Printf("mean F1 %.4f cover %.4f %.4fs\n", rs[0].Value, rs[1].Value, rs[0].SecondsPerCase)
}
