// Package sqs is queue.Sender and queue.DeadLetters over one SQS standard queue. Consuming is not here: on AWS the
// event source mapping receives, hands batches to a function and takes partial batch responses back.
package sqs

import (
	"context"
	"encoding/base64"
	"strconv"
	"strings"
	"unicode/utf8"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/queue"
)

// Queue is one queue; for burying, a dead-letter queue. It is safe for concurrent use.
type Queue struct {
	client *sqs.Client
	url    string
}

var (
	_ queue.Sender      = (*Queue)(nil)
	_ queue.DeadLetters = (*Queue)(nil)
)

// New returns the queue at a URL. It calls no service.
func New(cfg sdk.Config, url string) *Queue { return &Queue{sqs.NewFromConfig(cfg), url} }

// Send implements queue.Sender for JSON documents. Group becomes the message group, by which a standard queue shares its
// consumers fairly between spaces.
func (q *Queue) Send(ctx context.Context, group string, body []byte) error {
	text, err := document(body)
	if err != nil {
		return err
	}
	_, err = q.client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: &text, MessageGroupId: optional(group)})
	return aws.Own(err, "send message of %d bytes", len(body))
}

// One request to SQS holds at most ten messages; we keep it at the size of one largest message.
const batchMessages, batchBytes = 10, queue.MaxBody

// SendAll sends many documents in as few requests as their sizes allow. The answer has one entry per body: nil where the
// message is durable, else why it is not; the caller repeats those and only those.
func (q *Queue) SendAll(ctx context.Context, group string, bodies [][]byte) []error {
	errs := make([]error, len(bodies))
	var batch []types.SendMessageBatchRequestEntry
	size := 0
	flush := func() {
		if len(batch) > 0 {
			q.sendBatch(ctx, batch, errs)
		}
		batch, size = nil, 0
	}
	for i, body := range bodies {
		text, err := document(body)
		if err != nil {
			errs[i] = err
			continue
		}
		if len(batch) == batchMessages || size+len(text) > batchBytes {
			flush()
		}
		batch = append(batch, types.SendMessageBatchRequestEntry{Id: sdk.String(strconv.Itoa(i)), MessageBody: &text, MessageGroupId: optional(group)})
		size += len(text)
	}
	flush()
	return errs
}

// sendBatch puts the fate of each entry at the index that its id names.
func (q *Queue) sendBatch(ctx context.Context, batch []types.SendMessageBatchRequestEntry, errs []error) {
	out, err := q.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &q.url, Entries: batch})
	for _, entry := range batch {
		if i, _ := strconv.Atoi(*entry.Id); err != nil {
			errs[i] = aws.Own(err, "send batch of %d messages", len(batch))
		} else {
			errs[i] = incident.Errorf(incident.Unavailable, "send message: the answer of SQS does not name it")
		}
	}
	if err != nil {
		return
	}
	for _, done := range out.Successful {
		if i, err := strconv.Atoi(sdk.ToString(done.Id)); err == nil && i < len(errs) {
			errs[i] = nil
		}
	}
	for _, failed := range out.Failed {
		class := incident.Unavailable
		if failed.SenderFault {
			class = incident.Invalid
		}
		if i, err := strconv.Atoi(sdk.ToString(failed.Id)); err == nil && i < len(errs) {
			errs[i] = incident.Errorf(class, "send message: %s: %s", sdk.ToString(failed.Code), sdk.ToString(failed.Message))
		}
	}
}

// noncharacters are valid in JSON and refused by SQS. In JSON they can only stand inside a string, where the escape means
// the same.
var noncharacters = strings.NewReplacer("\ufffe", `\ufffe`, "\uffff", `\uffff`)

// document checks what SQS would refuse, so that the fault is named here and not as a failed request.
func document(body []byte) (string, error) {
	switch {
	case len(body) == 0:
		return "", incident.Errorf(incident.Invalid, "send message: the body is empty")
	case len(body) > queue.MaxBody:
		return "", incident.Errorf(incident.Invalid, "send message: %d bytes, at most %d; put the document into blob and send a pointer", len(body), queue.MaxBody)
	case !utf8.Valid(body):
		return "", incident.Errorf(incident.Invalid, "send message: the body is not UTF-8")
	}
	return noncharacters.Replace(string(body)), nil
}

// The attributes of a buried message.
const (
	ReasonAttribute   = "reason"
	EncodingAttribute = "encoding" // "base64" when the body is not text that SQS takes, "empty" when there is none
)

// Bury implements queue.DeadLetters: it sends the bytes as they are, or as base64 when SQS would refuse them, with the
// reason as an attribute. A repeat buries a second copy.
func (q *Queue) Bury(ctx context.Context, body []byte, reason string) error {
	attribute := func(s string) types.MessageAttributeValue {
		return types.MessageAttributeValue{DataType: sdk.String("String"), StringValue: &s}
	}
	text := string(body)
	attributes := map[string]types.MessageAttributeValue{ReasonAttribute: attribute(line(reason))}
	switch {
	case text == "":
		text, attributes[EncodingAttribute] = "(empty)", attribute("empty")
	case !plain(text):
		text, attributes[EncodingAttribute] = base64.StdEncoding.EncodeToString(body), attribute("base64")
	}
	if len(text) > queue.MaxBody {
		return incident.Errorf(incident.Invalid, "bury message: %d bytes, at most %d; put the document into blob and bury a pointer", len(text), queue.MaxBody)
	}
	_, err := q.client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: &text, MessageAttributes: attributes})
	return aws.Own(err, "bury message of %d bytes", len(body))
}

// plain reports whether SQS takes the text: UTF-8 of #x9, #xA, #xD, #x20 to #xFFFD and above #x10000.
func plain(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff
	})
}

// line makes a reason fit an attribute: one line of text, at most 1 KiB, never empty.
func line(reason string) string {
	reason = strings.ToValidUTF8(strings.Join(strings.Fields(reason), " "), "?")
	reason = strings.Map(func(r rune) rune {
		if !plain(string(r)) {
			return '?'
		}
		return r
	}, reason)
	if len(reason) > 1024 {
		reason = strings.ToValidUTF8(reason[:1024], "")
	}
	if reason == "" {
		return "no reason given"
	}
	return reason
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
