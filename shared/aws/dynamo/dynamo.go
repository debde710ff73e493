// Package dynamo is kv.Store over one DynamoDB table with the keys pk and sk (strings), the version v (number), the body
// (binary, so that bytes come back as they went in) and the optional expiry ttl (seconds since 1970).
package dynamo

import (
	"context"
	"strconv"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
)

// A table answers within milliseconds or, for this attempt, not at all.
const (
	answerTime = time.Second
	attempts   = 4
)

// Store implements kv.Store. It is safe for concurrent use.
type Store struct {
	client *dynamodb.Client
	table  string
}

var _ kv.Store = (*Store)(nil)

// New returns the store of a table. It calls no service.
func New(cfg sdk.Config, table string) *Store {
	return &Store{dynamodb.NewFromConfig(aws.Patient(cfg, answerTime, attempts)), table}
}

type attributes = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}
func keyOf(k kv.Key) attributes { return attributes{"pk": text(k.PK), "sk": text(k.SK)} }

// Get implements kv.Store.
func (s *Store) Get(ctx context.Context, key kv.Key) (kv.Item, error) {
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.table, Key: keyOf(key), ConsistentRead: sdk.Bool(true)})
	if err != nil {
		return kv.Item{}, s.wrap(err, "get %s/%s", key.PK, key.SK)
	}
	if out.Item == nil {
		return kv.Item{}, incident.Errorf(incident.NotFound, "get %s/%s: no such item", key.PK, key.SK)
	}
	return decode(out.Item)
}

// Query implements kv.Store. It reads page after page until the limit or the end.
func (s *Store) Query(ctx context.Context, pk, prefix string, page kv.Page) ([]kv.Item, error) {
	in := &dynamodb.QueryInput{
		TableName:                 &s.table,
		ConsistentRead:            sdk.Bool(true),
		KeyConditionExpression:    sdk.String("pk = :pk"),
		ExpressionAttributeValues: attributes{":pk": text(pk)},
		ScanIndexForward:          sdk.Bool(!page.Desc),
	}
	if prefix != "" {
		in.KeyConditionExpression = sdk.String("pk = :pk AND begins_with(sk, :prefix)")
		in.ExpressionAttributeValues[":prefix"] = text(prefix)
	}
	if page.After != "" {
		// DynamoDB refuses a start outside the prefix; there it means everything or nothing.
		if inside := strings.HasPrefix(page.After, prefix); inside {
			in.ExclusiveStartKey = keyOf(kv.Key{PK: pk, SK: page.After})
		} else if beyond := page.After > prefix; beyond != page.Desc {
			return nil, nil
		}
	}
	var out []kv.Item
	for {
		if page.Limit > 0 {
			in.Limit = sdk.Int32(int32(page.Limit - len(out)))
		}
		answer, err := s.client.Query(ctx, in)
		if err != nil {
			return nil, s.wrap(err, "query %s/%s", pk, prefix)
		}
		for _, raw := range answer.Items {
			item, err := decode(raw)
			if err != nil {
				return nil, err
			}
			out = append(out, item)
		}
		if answer.LastEvaluatedKey == nil || page.Limit > 0 && len(out) >= page.Limit {
			return out, nil
		}
		in.ExclusiveStartKey = answer.LastEvaluatedKey
	}
}

// decode is strict: an item that we did not write is damage, not data.
func decode(raw attributes) (kv.Item, error) {
	pk, _ := raw["pk"].(*types.AttributeValueMemberS)
	sk, _ := raw["sk"].(*types.AttributeValueMemberS)
	v, _ := raw["v"].(*types.AttributeValueMemberN)
	body, _ := raw["body"].(*types.AttributeValueMemberB)
	if pk == nil || sk == nil || v == nil || body == nil {
		return kv.Item{}, incident.Errorf(incident.Internal, "an item of the table lacks pk, sk, v or body: something else writes to it")
	}
	item := kv.Item{Key: kv.Key{PK: pk.Value, SK: sk.Value}, Body: body.Value}
	var err error
	if item.Version, err = strconv.ParseInt(v.Value, 10, 64); err != nil {
		return kv.Item{}, incident.Errorf(incident.Internal, "item %s/%s: version: %w", pk.Value, sk.Value, err)
	}
	if ttl, ok := raw["ttl"].(*types.AttributeValueMemberN); ok {
		seconds, err := strconv.ParseInt(ttl.Value, 10, 64)
		if err != nil {
			return kv.Item{}, incident.Errorf(incident.Internal, "item %s/%s: ttl: %w", pk.Value, sk.Value, err)
		}
		item.Expires = time.Unix(seconds, 0).UTC()
	}
	return item, nil
}
