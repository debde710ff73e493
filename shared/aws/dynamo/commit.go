package dynamo

import (
	"context"
	"errors"
	"fmt"
	"maps"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
)

// Commit implements kv.Store: one operation is one conditional write, at half the price of a transaction; several are
// one transaction. The SDK gives each transaction a client request token and repeats it with that token, so a repeat
// after a lost answer has no second effect.
func (s *Store) Commit(ctx context.Context, ops ...kv.Op) error {
	if err := kv.CheckLimits(ops); err != nil {
		return err
	}
	switch len(ops) {
	case 0:
		return nil
	case 1:
		return s.single(ctx, ops[0])
	}
	in := &dynamodb.TransactWriteItemsInput{}
	for _, op := range ops {
		in.TransactItems = append(in.TransactItems, s.item(op))
	}
	if _, err := s.client.TransactWriteItems(ctx, in); err != nil {
		return s.cancelled(err, ops)
	}
	return nil
}

// single writes one operation. A condition that fails after an attempt of unknown end may have failed because of that
// very attempt: then nobody knows whether this commit happened, and the error says Unavailable, not Conflict.
func (s *Store) single(ctx context.Context, op kv.Op) error {
	var unsure bool
	watch := func(o *dynamodb.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Finalize.Insert(attempt(&unsure), "Retry", middleware.After)
		})
	}
	var err error
	switch item := s.item(op); {
	case item.Update != nil:
		u := item.Update
		_, err = s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: u.TableName, Key: u.Key, UpdateExpression: u.UpdateExpression,
			ConditionExpression: u.ConditionExpression, ExpressionAttributeNames: u.ExpressionAttributeNames, ExpressionAttributeValues: u.ExpressionAttributeValues}, watch)
	case item.Delete != nil:
		d := item.Delete
		_, err = s.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: d.TableName, Key: d.Key,
			ConditionExpression: d.ConditionExpression, ExpressionAttributeNames: d.ExpressionAttributeNames, ExpressionAttributeValues: d.ExpressionAttributeValues}, watch)
	default:
		return s.check(ctx, op)
	}
	failed := (*types.ConditionalCheckFailedException)(nil)
	switch {
	case errors.As(err, &failed) && unsure:
		return incident.Errorf(incident.Unavailable, "commit %s/%s: an attempt went unanswered and may have happened; read again", op.Key.PK, op.Key.SK)
	case errors.As(err, &failed):
		return incident.Errorf(incident.Conflict, "commit: condition on %s/%s failed", op.Key.PK, op.Key.SK)
	case aws.Code(err) == "TransactionConflictException":
		return incident.Errorf(incident.Conflict, "commit: a concurrent transaction holds %s/%s", op.Key.PK, op.Key.SK)
	}
	return s.wrap(err, "commit %s/%s", op.Key.PK, op.Key.SK)
}

// check is a commit that writes nothing.
func (s *Store) check(ctx context.Context, op kv.Op) error {
	item, err := s.Get(ctx, op.Key)
	current := &item
	if incident.Is(err, incident.NotFound) {
		current, err = nil, nil
	}
	if err == nil && !op.Cond.Holds(current) {
		err = incident.Errorf(incident.Conflict, "commit: condition on %s/%s failed", op.Key.PK, op.Key.SK)
	}
	return err
}

// attempt notes an attempt after which nobody knows whether the write happened.
func attempt(unsure *bool) middleware.FinalizeMiddleware {
	return middleware.FinalizeMiddlewareFunc("FirefinderAttempt", func(
		ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
	) (middleware.FinalizeOutput, middleware.Metadata, error) {
		out, meta, err := next.HandleFinalize(ctx, in)
		if err != nil && !aws.Refused(err) {
			*unsure = true
		}
		return out, meta, err
	})
}

// item translates an operation. Every put is an update that adds one to the version on the server, so versions grow
// under every condition, alone and in transactions, and never go back.
func (s *Store) item(op kv.Op) types.TransactWriteItem {
	cond, names, values := condition(op.Cond)
	switch op.Kind {
	case kv.KindDelete:
		return types.TransactWriteItem{Delete: &types.Delete{TableName: &s.table, Key: keyOf(op.Key),
			ConditionExpression: cond, ExpressionAttributeNames: names, ExpressionAttributeValues: values}}
	case kv.KindCheck:
		if cond == nil { // holds for every item, but must be said
			cond, names = sdk.String("attribute_exists(#pk) OR attribute_not_exists(#pk)"), map[string]string{"#pk": "pk"}
		}
		return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{TableName: &s.table, Key: keyOf(op.Key),
			ConditionExpression: cond, ExpressionAttributeNames: names, ExpressionAttributeValues: values}}
	}
	update, putNames, putValues := put(op)
	maps.Copy(putNames, names)
	maps.Copy(putValues, values)
	return types.TransactWriteItem{Update: &types.Update{TableName: &s.table, Key: keyOf(op.Key), UpdateExpression: &update,
		ConditionExpression: cond, ExpressionAttributeNames: putNames, ExpressionAttributeValues: putValues}}
}

func put(op kv.Op) (update string, names map[string]string, values attributes) {
	body := op.Body
	if body == nil {
		body = []byte{}
	}
	names = map[string]string{"#v": "v", "#body": "body", "#ttl": "ttl"}
	values = attributes{":one": number(1), ":body": &types.AttributeValueMemberB{Value: body}}
	if op.Expires.IsZero() {
		return "SET #body = :body REMOVE #ttl ADD #v :one", names, values
	}
	seconds := op.Expires.Unix()
	if op.Expires.Nanosecond() > 0 {
		seconds++ // nothing goes before its time
	}
	values[":ttl"] = number(seconds)
	return "SET #body = :body, #ttl = :ttl ADD #v :one", names, values
}

// condition is nil for Always.
func condition(c kv.Cond) (expr *string, names map[string]string, values attributes) {
	pk := map[string]string{"#pk": "pk"}
	c.Match(
		func() {},
		func() { expr, names = sdk.String("attribute_not_exists(#pk)"), pk },
		func() { expr, names = sdk.String("attribute_exists(#pk)"), pk },
		func(v int64) {
			expr, names = sdk.String("#v = :seen"), map[string]string{"#v": "v"}
			values = attributes{":seen": number(v)}
		},
	)
	return expr, names, values
}

// cancelled explains a failed transaction: which item, and whether to decide again, to wait or to give up.
func (s *Store) cancelled(err error, ops []kv.Op) error {
	canceled := (*types.TransactionCanceledException)(nil)
	if !errors.As(err, &canceled) {
		return s.wrap(err, "commit of %d operations", len(ops))
	}
	found := map[incident.Class]string{}
	for i, reason := range canceled.CancellationReasons {
		class, known := reasons[sdk.ToString(reason.Code)]
		if !known || i >= len(ops) {
			continue
		}
		if _, named := found[class]; !named {
			found[class] = fmt.Sprintf("%s/%s: %s", ops[i].Key.PK, ops[i].Key.SK, sdk.ToString(reason.Code))
		}
	}
	// A failed condition outweighs the rest: waiting would not mend it.
	for _, class := range []incident.Class{incident.Conflict, incident.Invalid, incident.Throttled} {
		if what, ok := found[class]; ok {
			return incident.Errorf(class, "commit: nothing was written, %s", what)
		}
	}
	return incident.Errorf(incident.Unavailable, "commit: %w", err)
}

var reasons = map[string]incident.Class{
	"ConditionalCheckFailed": incident.Conflict, "TransactionConflict": incident.Conflict, "DuplicateItem": incident.Conflict,
	"ValidationError": incident.Invalid, "ItemCollectionSizeLimitExceeded": incident.Invalid,
	"ThrottlingError": incident.Throttled, "ProvisionedThroughputExceeded": incident.Throttled,
}

// wrap names the table where its absence is the fault: NotFound would read like a missing item.
func (s *Store) wrap(err error, format string, args ...any) error {
	if aws.Code(err) == "ResourceNotFoundException" {
		return incident.Errorf(incident.Unavailable, "table %s does not exist in this account and region; deploy the space first: %w", s.table, err)
	}
	return aws.Own(err, format, args...)
}
