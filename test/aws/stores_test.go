package aws

import (
	"bytes"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	events "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	kmsclient "github.com/aws/aws-sdk-go-v2/service/kms"
	s3client "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	sqsclient "github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/firefinder/firefinder/shared/aws/eventbridge"
	"github.com/firefinder/firefinder/shared/aws/kms"
	"github.com/firefinder/firefinder/shared/aws/s3"
	"github.com/firefinder/firefinder/shared/aws/secrets"
	"github.com/firefinder/firefinder/shared/aws/ses"
	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/blob/blobtest"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
)

// bucket makes a versioned bucket, with Object Lock if asked, as infra/stack does.
func bucket(t *testing.T, lock bool) (*s3client.Client, string) {
	t.Helper()
	cfg, name := load(t), unique("documents")
	c := s3client.NewFromConfig(cfg, func(o *s3client.Options) { o.UsePathStyle = true })
	_, err := c.CreateBucket(t.Context(), &s3client.CreateBucketInput{Bucket: &name, ObjectLockEnabledForBucket: sdk.Bool(lock),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region}})
	if err == nil {
		_, err = c.PutBucketVersioning(t.Context(), &s3client.PutBucketVersioningInput{Bucket: &name,
			VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled}})
	}
	if err != nil {
		t.Fatal(err)
	}
	return c, name
}

func TestDocuments(t *testing.T) {
	c, name := bucket(t, false)
	store := s3.New(load(t), name)
	blobtest.Run(t, func(*testing.T) blob.Store { return store })

	doc := []byte("kept once")
	for range 3 {
		if _, err := store.Put(t.Context(), doc, "text/plain"); err != nil {
			t.Fatal(err)
		}
	}
	key := "documents/" + blob.Hash(doc)
	versions, err := c.ListObjectVersions(t.Context(), &s3client.ListObjectVersionsInput{Bucket: &name, Prefix: &key})
	if err != nil || len(versions.Versions) != 1 {
		t.Errorf("three puts of one document made %d versions, %v", len(versions.Versions), err)
	}
	if _, err := c.PutObject(t.Context(), &s3client.PutObjectInput{Bucket: &name, Key: &key, Body: bytes.NewReader([]byte("changed"))}); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Get(t.Context(), blob.Hash(doc)); !incident.Is(err, incident.Internal) {
		t.Errorf("a changed document: %v", err)
	}
	missing := s3.New(load(t), "no-such-bucket")
	if _, err := missing.Get(t.Context(), blob.Hash(doc)); !incident.Is(err, incident.Unavailable) {
		t.Errorf("get from a bucket that does not exist: %v", err)
	}
	if _, err := missing.Put(t.Context(), doc, ""); !incident.Is(err, incident.Unavailable) {
		t.Errorf("put to a bucket that does not exist: %v", err)
	}
}

// TestJournalCopiesAreLocked: a copy cannot be deleted before its time, and a second copy leaves the first alone.
func TestJournalCopiesAreLocked(t *testing.T) {
	c, name := bucket(t, true)
	store := s3.New(load(t), name)
	until := time.Now().Add(24 * time.Hour).UTC().Truncate(time.Second)
	for _, text := range []string{"first", "second"} {
		if err := store.Keep(t.Context(), "journal/inv-1.jsonl", []byte(text), "application/jsonl", until); err != nil {
			t.Fatal(err)
		}
	}
	versions, err := c.ListObjectVersions(t.Context(), &s3client.ListObjectVersionsInput{Bucket: &name})
	if err != nil || len(versions.Versions) != 2 {
		t.Fatalf("%d versions, %v", len(versions.Versions), err)
	}
	for _, v := range versions.Versions {
		head, err := c.HeadObject(t.Context(), &s3client.HeadObjectInput{Bucket: &name, Key: v.Key, VersionId: v.VersionId})
		if err != nil || head.ObjectLockMode != s3types.ObjectLockModeCompliance || !head.ObjectLockRetainUntilDate.Equal(until) {
			t.Errorf("lock of %s: %+v, %v", *v.VersionId, head, err)
		}
		if _, err := c.DeleteObject(t.Context(), &s3client.DeleteObjectInput{Bucket: &name, Key: v.Key, VersionId: v.VersionId}); err == nil {
			t.Error("a locked version was deleted")
		}
	}
}

func TestSecretStages(t *testing.T) {
	c, name := secretsmanager.NewFromConfig(load(t)), "firefinder/shop/"+unique("slack")
	clock := time.Now()
	store := secrets.New(load(t), func() time.Time { return clock })
	values := func() (out []string) {
		t.Helper()
		clock = clock.Add(secrets.Fresh)
		got, err := store.Active(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range got {
			out = append(out, string(s.Reveal()))
		}
		return out
	}
	if _, err := store.Active(t.Context(), name); !incident.Is(err, incident.NotFound) {
		t.Errorf("a secret that does not exist: %v", err)
	}
	if _, err := c.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: sdk.String("one")}); err != nil {
		t.Fatal(err)
	}
	if got := values(); len(got) != 1 || got[0] != "one" {
		t.Errorf("before a rotation: %v", got)
	}
	for _, value := range []string{"two", "three"} {
		if _, err := c.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &name, SecretString: &value}); err != nil {
			t.Fatal(err)
		}
	}
	if got := values(); len(got) != 2 || got[0] != "three" || got[1] != "two" {
		t.Errorf("after two rotations: %v", got)
	}
	if _, err := c.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &name, SecretBinary: []byte("four\n")}); err != nil {
		t.Fatal(err)
	}
	clock = clock.Add(secrets.Fresh)
	got, err := store.Active(t.Context(), name)
	if err != nil || !incident.Is(got[0].Check(config.HMACKey), incident.Invalid) {
		t.Errorf("a weak binary secret: %v, %v", got, err)
	}
}

func TestMail(t *testing.T) {
	msg := ses.Message{From: "Firefinder <mail-test@example.com>", To: []string{"approver@example.com"}, Subject: "Plan: Übersicht", Text: "text", HTML: "<p>html</p>",
		Headers: map[string]string{"Auto-Submitted": "auto-generated"}}
	mailer := ses.New(load(t))
	if _, err := mailer.Send(t.Context(), msg); !incident.Is(err, incident.Denied) {
		t.Errorf("from an unverified address: %v", err)
	}
	if _, err := sesv2.NewFromConfig(load(t)).CreateEmailIdentity(t.Context(), &sesv2.CreateEmailIdentityInput{EmailIdentity: sdk.String("mail-test@example.com")}); err != nil {
		t.Fatal(err)
	}
	if id, err := mailer.Send(t.Context(), msg); err != nil || id == "" {
		t.Errorf("from a verified address: %q, %v", id, err)
	}
}

func TestTokensStayWithTheirRecord(t *testing.T) {
	key, err := kmsclient.NewFromConfig(load(t)).CreateKey(t.Context(), &kmsclient.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	box, record := kms.New(load(t), *key.KeyMetadata.Arn), map[string]string{"approval": "a-1"}
	token := bytes.Repeat([]byte("t"), 2048)
	sealed, err := box.Seal(t.Context(), token, record)
	if err != nil || bytes.Contains(sealed, token[:16]) {
		t.Fatalf("sealed %d bytes, %v", len(sealed), err)
	}
	if got, err := box.Open(t.Context(), sealed, record); err != nil || !bytes.Equal(got, token) {
		t.Errorf("open: %d bytes, %v", len(got), err)
	}
	if _, err := box.Open(t.Context(), sealed, map[string]string{"approval": "a-2"}); !incident.Is(err, incident.Invalid) {
		t.Errorf("opened at another record: %v", err)
	}
	if _, err := box.Seal(t.Context(), make([]byte, kms.MaxPlain+1), record); !incident.Is(err, incident.Invalid) {
		t.Errorf("too large: %v", err)
	}
}

// TestLifecycleEvents follows an event through a rule into a queue, as a subscriber would set it up.
func TestLifecycleEvents(t *testing.T) {
	c, queue := events.NewFromConfig(load(t)), sqsclient.NewFromConfig(load(t))
	url, _ := queues(t, queue, time.Second, 5)
	rule := unique("rule")
	attributes, err := queue.GetQueueAttributes(t.Context(), &sqsclient.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{"QueueArn"}})
	if err == nil {
		_, err = c.PutRule(t.Context(), &events.PutRuleInput{Name: &rule, EventPattern: sdk.String(`{"source":["firefinder"],"detail-type":["Root Cause Found"]}`)})
	}
	if err == nil {
		_, err = c.PutTargets(t.Context(), &events.PutTargetsInput{Rule: &rule, Targets: []eventtypes.Target{{Id: sdk.String("1"), Arn: sdk.String(attributes.Attributes["QueueArn"])}}})
	}
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC)
	err = eventbridge.New(load(t), "").Put(t.Context(),
		eventbridge.Event{Type: "Investigation Opened", At: at, Detail: map[string]string{"id": "inv-1"}},
		eventbridge.Event{Type: "Root Cause Found", At: at, Detail: map[string]string{"id": "inv-1"}, Resources: []string{"inv-1"}})
	if err != nil {
		t.Fatal(err)
	}
	got := receive(t, queue, url)
	if len(got) != 1 || !bytes.Contains([]byte(*got[0].Body), []byte(`"detail-type": "Root Cause Found"`)) || !bytes.Contains([]byte(*got[0].Body), []byte("2026-03-01T03:00:00Z")) {
		t.Errorf("the subscriber got %d events: %v", len(got), got)
	}
	if err := eventbridge.New(load(t), "").Put(t.Context(), eventbridge.Event{Type: "", At: at, Detail: 1}); !incident.Is(err, incident.Invalid) {
		t.Errorf("an event without type: %v", err)
	}
}
