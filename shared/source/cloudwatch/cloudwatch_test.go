package cloudwatch_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"io/fs"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/events"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/cloudwatch"
	"github.com/firefinder/firefinder/shared/source/sign"
)

var update = flag.Bool("update", false, "write goldens")

var space = config.Space{
	Name: "shop", Account: "123456789012",
	Services: []config.Service{{Name: "orders-db", Dimensions: map[string][]string{"DBInstanceIdentifier": {"orders-db"}}}, {Name: "checkout"}},
	Sources:  []config.Source{{Kind: "cloudwatch", Secret: "s"}},
}

var received = time.Date(2026, 3, 10, 3, 0, 0, 0, time.UTC)

// Every sample becomes what its golden says, and no leaf of it is lost: it is in the event's data or named as dropped.
func TestSamples(t *testing.T) {
	files, err := fs.Glob(events.FS, "cloudwatch/*.json")
	if err != nil || len(files) < 12 {
		t.Fatalf("samples: %d, %v", len(files), err)
	}
	s := cloudwatch.New(space, nil)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			body, err := fs.ReadFile(events.FS, file)
			if err != nil {
				t.Fatal(err)
			}
			p, err := s.Parse(body, received)
			if err != nil {
				t.Fatal(err)
			}
			notLost(t, body, p)
			golden(t, filepath.Base(file), p)
		})
	}
}

func notLost(t *testing.T, body []byte, p source.Parsed) {
	t.Helper()
	if len(p.Events) == 0 {
		if len(p.Dropped) == 0 || p.Note == "" {
			t.Error("nothing came of it, and nothing says so")
		}
		return
	}
	kept := map[string]bool{}
	for _, e := range p.Events {
		walk(decoded(t, e.Data), "$", func(_ string, leaf any) { kept[fmt.Sprint(leaf)] = true })
	}
	walk(decoded(t, body), "$", func(path string, leaf any) {
		if !kept[fmt.Sprint(leaf)] {
			t.Errorf("%s = %v is neither in an event's data nor dropped by name", path, leaf)
		}
	})
}

func decoded(t *testing.T, data []byte) (doc any) {
	t.Helper()
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func walk(v any, path string, leaf func(string, any)) {
	switch v := v.(type) {
	case map[string]any:
		for name, child := range v {
			walk(child, path+"."+name, leaf)
		}
	case []any:
		for i, child := range v {
			walk(child, fmt.Sprintf("%s[%d]", path, i), leaf)
		}
	default:
		leaf(path, v)
	}
}

func golden(t *testing.T, name string, p source.Parsed) {
	t.Helper()
	for i := range p.Events {
		p.Events[i].Data = nil
	}
	got, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimSpace(string(want)), string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// One state change is one event, whichever way it comes.
func TestEnvelopesAgree(t *testing.T) {
	const arn = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:orders-db-connections"
	alarm := `{"alarmName":"orders-db-connections","state":{"value":"ALARM","reason":"over","timestamp":"2026-03-10T16:10:00.406+0000"},"previousState":{"value":"OK"},` +
		`"configuration":{"description":"near the limit","metrics":[{"id":"m1","metricStat":{"metric":{"namespace":"AWS/RDS","name":"DatabaseConnections","dimensions":{"DBInstanceIdentifier":"orders-db"}},"period":60,"stat":"Average"},"returnData":true}]}}`
	eventBridge := `{"detail-type":"CloudWatch Alarm State Change","source":"aws.cloudwatch","account":"123456789012","region":"eu-central-1","resources":["` + arn + `"],"detail":` + alarm + `}`
	message := `{"AlarmName":"orders-db-connections","AlarmDescription":"near the limit","AWSAccountId":"123456789012","AlarmArn":"` + arn + `","NewStateValue":"ALARM","NewStateReason":"over","OldStateValue":"OK",` +
		`"StateChangeTime":"2026-03-10T16:10:00.406+0000","Region":"EU (Frankfurt)","Trigger":{"MetricName":"DatabaseConnections","Namespace":"AWS/RDS","Dimensions":[{"name":"DBInstanceIdentifier","value":"orders-db"}]}}`
	quoted, _ := json.Marshal(message)
	notification := `{"Type":"Notification","TopicArn":"arn:aws:sns:eu-central-1:123456789012:alarms","Message":` + string(quoted) + `}`
	bridged, _ := json.Marshal(eventBridge)
	bodies := map[string]string{
		"EventBridge":   eventBridge,
		"Lambda action": `{"source":"aws.cloudwatch","alarmArn":"` + arn + `","accountId":"123456789012","time":"2026-03-10T16:10:00.406+0000","region":"eu-central-1","alarmData":` + alarm + `}`,
		"SNS to HTTP":   notification,
		"SNS to Lambda": `{"Records":[{"EventSource":"aws:sns","Sns":` + notification + `}]}`,
		"SNS raw":       message,
		"SNS without the ARN, which older regions leave out": strings.ReplaceAll(notification, `\"AlarmArn\":\"`+arn+`\",`, ""),
		"EventBridge to SNS": `{"Type":"Notification","TopicArn":"arn:aws:sns:eu-central-1:123456789012:alarms","Message":` + string(bridged) + `}`,
	}
	first, err := cloudwatch.Translate([]byte(eventBridge), space)
	if err != nil {
		t.Fatal(err)
	}
	first.Data = nil
	if first.Service != "orders-db" || first.Rule != arn || first.Metric != "DatabaseConnections" {
		t.Errorf("event = %+v", first)
	}
	posted, err := json.Marshal(first)
	if err != nil {
		t.Fatal(err)
	}
	bodies["our contract"] = string(posted)
	for name, body := range bodies {
		e, err := cloudwatch.Translate([]byte(body), space)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		e.Data = nil
		if diff := cmp.Diff(first, e); diff != "" {
			t.Errorf("%s differs from EventBridge (-want +got):\n%s", name, diff)
		}
	}
}

func TestMetricMathOfSeveralServices(t *testing.T) {
	body := `{"detail-type":"CloudWatch Alarm State Change","source":"aws.cloudwatch","account":"123456789012","region":"eu-central-1","resources":["arn:x"],"detail":{"alarmName":"ratio","state":{"value":"ALARM","timestamp":"2026-03-10T16:10:00Z"},` +
		`"configuration":{"metrics":[{"expression":"m1/m2","label":"Ratio","returnData":true},{"metricStat":{"metric":{"name":"A","dimensions":{"DBInstanceIdentifier":"replica"}}}},{"metricStat":{"metric":{"name":"B","dimensions":{"DBInstanceIdentifier":"orders-db"}}}}]}}}`
	e, err := cloudwatch.Translate([]byte(body), space)
	if err != nil {
		t.Fatal(err)
	}
	if e.Service != "orders-db" || e.Dimensions["DBInstanceIdentifier"] != "orders-db,replica" || e.Metric != "Ratio" {
		t.Errorf("service %q, dimensions %v, metric %q", e.Service, e.Dimensions, e.Metric)
	}
}

func TestRefused(t *testing.T) {
	for name, body := range map[string]string{
		"no envelope":        `{"a":1}`,
		"no object":          `[1]`,
		"no name":            `{"detail-type":"CloudWatch Alarm State Change","source":"aws.cloudwatch","detail":{"state":{"value":"ALARM"}}}`,
		"unknown state":      `{"detail-type":"CloudWatch Alarm State Change","source":"aws.cloudwatch","detail":{"alarmName":"x","state":{"value":"MAYBE"}}}`,
		"record not of SNS":  `{"Records":[{"eventSource":"aws:sqs","body":"{}"}]}`,
		"duplicate inside":   `{"Type":"Notification","Message":"{\"AlarmName\":\"a\",\"AlarmName\":\"b\",\"NewStateValue\":\"OK\"}"}`,
		"unknown SNS type":   `{"Type":"Rumour"}`,
		"contract, no title": `{"eventType":"incident","incidentId":"1","action":"created","priority":"LOW"}`,
	} {
		if _, err := cloudwatch.Translate([]byte(body), space); !incident.Is(err, incident.Invalid) {
			t.Errorf("%s: %v, want Invalid", name, err)
		}
	}
}

// page serves one certificate, as SNS does, and remembers what was asked for.
type page struct {
	body  []byte
	asked []string
}

func (p *page) Fetch(_ context.Context, url string) ([]byte, error) {
	p.asked = append(p.asked, url)
	return p.body, nil
}

func certificate(t *testing.T) (*rsa.PrivateKey, []byte) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sns.amazonaws.com"}, NotBefore: received.Add(-time.Hour), NotAfter: received.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// notice is an SNS message, signed by its own rules, written down here once more.
type notice map[string]string

func (n notice) sign(t *testing.T, key *rsa.PrivateKey) notice {
	t.Helper()
	names := []string{"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"}
	if n["Type"] != "Notification" {
		names = []string{"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
	}
	text := ""
	for _, name := range names {
		if v, ok := n[name]; ok {
			text += name + "\n" + v + "\n"
		}
	}
	hash, sum := crypto.SHA256, sha256.Sum256([]byte(text))
	digest := sum[:]
	if n["SignatureVersion"] == "1" {
		old := sha1.Sum([]byte(text))
		hash, digest = crypto.SHA1, old[:]
	}
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, hash, digest)
	if err != nil {
		t.Fatal(err)
	}
	n["Signature"] = base64.StdEncoding.EncodeToString(sig)
	return n
}

func (n notice) request() source.Request {
	body, _ := json.Marshal(n)
	h := http.Header{}
	h.Set("x-amz-sns-message-type", n["Type"])
	return source.Request{Header: h, Body: body, Received: received}
}

func notification(version string) notice {
	return notice{
		"Type": "Notification", "MessageId": "m-1", "TopicArn": "arn:aws:sns:eu-central-1:123456789012:alarms", "Subject": "ALARM", "Message": "{}",
		"Timestamp": "2026-03-10T02:59:58.120Z", "SignatureVersion": version, "SigningCertURL": "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem",
	}
}

func TestSNSSignature(t *testing.T) {
	key, cert := certificate(t)
	other, _ := certificate(t)
	change := func(name, value string, signed bool) notice {
		n := notification("2")
		if !signed {
			n.sign(t, key)
		}
		n[name] = value
		if signed {
			n.sign(t, key)
		}
		return n
	}
	unsubject := notification("2")
	delete(unsubject, "Subject")
	confirmation := notice{
		"Type": "SubscriptionConfirmation", "MessageId": "m-1", "TopicArn": "arn:aws:sns:eu-central-1:123456789012:alarms", "Message": "confirm", "Token": "t",
		"SubscribeURL": "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription", "Timestamp": "2026-03-10T02:59:58.120Z", "SignatureVersion": "2",
		"SigningCertURL": "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem",
	}
	for name, c := range map[string]struct {
		n      notice
		accept bool
	}{
		"version 1":       {notification("1").sign(t, key), true},
		"version 2":       {notification("2").sign(t, key), true},
		"without subject": {unsubject.sign(t, key), true},
		"confirmation":    {confirmation.sign(t, key), true},
		"an hour old":     {change("Timestamp", "2026-03-10T02:00:00.000Z", true), true},

		"other key":                   {notification("2").sign(t, other), false},
		"message changed":             {change("Message", `{"AlarmName":"x"}`, false), false},
		"topic changed":               {change("TopicArn", "arn:aws:sns:eu-central-1:123456789012:other", false), false},
		"topic of a stranger, signed": {change("TopicArn", "arn:aws:sns:eu-central-1:999999999999:alarms", true), false},
		"topic is no ARN":             {change("TopicArn", "alarms", true), false},
		"version 3":                   {change("SignatureVersion", "3", true), false},
		"version of the other hash":   {change("SignatureVersion", "1", false), false},
		"certificate elsewhere":       {change("SigningCertURL", "https://example.com/x.pem", true), false},
		"certificate by HTTP":         {change("SigningCertURL", "http://sns.eu-central-1.amazonaws.com/x.pem", true), false},
		"host that only ends alike":   {change("SigningCertURL", "https://sns.eu-central-1.amazonaws.com.example.com/x.pem", true), false},
		"host that only begins alike": {change("SigningCertURL", "https://evil-sns.eu-central-1.amazonaws.com/x.pem", true), false},
		"bucket under amazonaws.com":  {change("SigningCertURL", "https://sns.s3.eu-central-1.amazonaws.com/x.pem", true), false},
		"user in the address":         {change("SigningCertURL", "https://sns.eu-central-1.amazonaws.com@example.com/x.pem", true), false},
		"port in the address":         {change("SigningCertURL", "https://sns.eu-central-1.amazonaws.com:8443/x.pem", true), false},
		"two days old":                {change("Timestamp", "2026-03-08T02:00:00.000Z", true), false},
		"from the future":             {change("Timestamp", "2026-03-10T03:06:00.000Z", true), false},
		"no timestamp":                {change("Timestamp", "", true), false},
		"no signature":                {change("Signature", "", false), false},
	} {
		t.Run(name, func(t *testing.T) {
			p := &page{body: cert}
			_, err := cloudwatch.New(space, p).Verify(t.Context(), c.n.request(), nil)
			if (err == nil) != c.accept {
				t.Fatalf("err = %v, want accept %v", err, c.accept)
			}
			if err != nil && !incident.Is(err, incident.Denied) {
				t.Errorf("class = %s, want Denied", incident.ClassOf(err))
			}
			for _, url := range p.asked {
				if !strings.HasPrefix(url, "https://sns.eu-central-1.amazonaws.com/") {
					t.Errorf("fetched %s", url)
				}
			}
		})
	}
	expired := notification("2").sign(t, key).request()
	expired.Received = received.Add(2 * time.Hour)
	if _, err := cloudwatch.New(space, &page{body: cert}).Verify(t.Context(), expired, nil); err == nil {
		t.Error("accepted with an expired certificate")
	}
	nowhere := space
	nowhere.Account = ""
	if _, err := cloudwatch.New(nowhere, &page{body: cert}).Verify(t.Context(), notification("2").sign(t, key).request(), nil); err == nil {
		t.Error("accepted although the space names no account")
	}
}

// The SNS header does not open a way around our own signature, nor the other way round.
func TestSchemesDoNotMix(t *testing.T) {
	secret := config.NewSecret([]byte("a-secret-of-the-tests-0123456789-0123456789"))
	body := []byte(`{"a":1}`)
	stamp := sign.Stamp(received)
	r := source.Request{Header: http.Header{}, Body: body, Received: received}
	r.Header.Set(sign.HeaderTimestamp, stamp)
	r.Header.Set(sign.HeaderSignature, sign.Sign(secret, stamp, body))
	s := cloudwatch.New(space, &page{})
	if _, err := s.Verify(t.Context(), r, []config.Secret{secret}); err != nil {
		t.Fatal(err)
	}
	r.Header.Set("x-amz-sns-message-type", "Notification")
	if _, err := s.Verify(t.Context(), r, []config.Secret{secret}); err == nil {
		t.Error("a message that says it is of SNS passed without the signature of SNS")
	}
}

func TestHandshake(t *testing.T) {
	p := &page{}
	s := cloudwatch.New(space, p)
	if err := s.Confirm(t.Context(), "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"); err != nil || len(p.asked) != 1 {
		t.Errorf("confirm: %v, asked %v", err, p.asked)
	}
	if err := s.Confirm(t.Context(), "https://169.254.169.254/latest/meta-data"); err == nil || len(p.asked) != 1 {
		t.Errorf("confirm elsewhere: %v, asked %v", err, p.asked)
	}
}

func FuzzParse(f *testing.F) {
	files, _ := fs.Glob(events.FS, "cloudwatch/*.json")
	for _, file := range files {
		body, _ := fs.ReadFile(events.FS, file)
		f.Add(body)
	}
	s := cloudwatch.New(space, nil)
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := s.Parse(body, received)
		if err != nil {
			if !incident.Is(err, incident.Invalid) {
				t.Fatalf("class %s: %v", incident.ClassOf(err), err)
			}
			return
		}
		for _, e := range p.Events {
			if e.Source == "cloudwatch" && len(e.Title) <= 1024 && len(e.IncidentID) <= 512 {
				if err := e.Validate(); err != nil && strings.TrimSpace(e.Title) != "" {
					t.Fatalf("parsed into an event that is none: %v", err)
				}
			}
		}
	})
}

// An alarm is not refused for a bad clock, or for a field that nobody asked for.
func TestOddFields(t *testing.T) {
	body := `{"detail-type":"CloudWatch Alarm State Change","source":"aws.cloudwatch","account":123456789012,"resources":"none","detail":{"alarmName":"x","state":{"value":"OK","timestamp":"now"},"configuration":{"description":7}}}`
	p, err := cloudwatch.New(space, nil).Parse([]byte(body), received)
	if err != nil || len(p.Events) != 1 || !p.Events[0].Timestamp.Equal(received) || p.Events[0].Account != "123456789012" || len(p.Dropped) != 2 {
		t.Errorf("%+v, %v", p, err)
	}
}
