package kv_test

import (
	"testing"

	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/kv/kvtest"
)

func TestMemory(t *testing.T) {
	kvtest.Run(t, func(*testing.T) kv.Store { return kv.NewMemory() })
}
