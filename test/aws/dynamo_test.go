package aws

import (
	"context"
	"net/http"
	"sync"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/firefinder/firefinder/shared/aws/dynamo"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/kv/kvtest"
)

// newTable makes the table that infra/stack deploys.
func newTable(t *testing.T) string {
	t.Helper()
	name := unique("table")
	_, err := dynamodb.NewFromConfig(load(t)).CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName:   &name,
		BillingMode: types.BillingModePayPerRequest,
		KeySchema: []types.KeySchemaElement{
			{AttributeName: sdk.String("pk"), KeyType: types.KeyTypeHash},
			{AttributeName: sdk.String("sk"), KeyType: types.KeyTypeRange},
		},
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: sdk.String("pk"), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: sdk.String("sk"), AttributeType: types.ScalarAttributeTypeS},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// serial lets one commit at a time through, and no read beside it: see "commits are not isolated" in the list of differences.
type serial struct {
	kv.Store
	mu sync.RWMutex
}

func (s *serial) Get(ctx context.Context, key kv.Key) (kv.Item, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.Store.Get(ctx, key)
}

func (s *serial) Query(ctx context.Context, pk, prefix string, page kv.Page) ([]kv.Item, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.Store.Query(ctx, pk, prefix, page)
}

func (s *serial) Commit(ctx context.Context, ops ...kv.Op) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Store.Commit(ctx, ops...)
}

func TestStorage(t *testing.T) {
	cfg := load(t)
	cfg.HTTPClient = &http.Client{} // without our limit of a second: a repeated transaction is applied again, see "no transaction tokens"
	store := &serial{Store: dynamo.New(cfg, newTable(t))}
	kvtest.Run(t, func(*testing.T) kv.Store { return store })
}

func TestMissingTableIsNotAMissingItem(t *testing.T) {
	store := dynamo.New(load(t), "no-such-table")
	if _, err := store.Get(t.Context(), kv.Key{PK: "p", SK: "a"}); !incident.Is(err, incident.Unavailable) {
		t.Errorf("get: got %v, want class Unavailable", err)
	}
	if err := store.Commit(t.Context(), kv.Put(kv.Key{PK: "p", SK: "a"}, 1, kv.Always())); !incident.Is(err, incident.Unavailable) {
		t.Errorf("commit: got %v, want class Unavailable", err)
	}
}
