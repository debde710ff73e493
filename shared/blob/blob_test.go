package blob_test

import (
	"testing"

	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/blob/blobtest"
)

func TestMemory(t *testing.T) {
	blobtest.Run(t, func(*testing.T) blob.Store { return new(blob.Memory) })
}
