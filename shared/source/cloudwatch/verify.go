package cloudwatch

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/sign"
)

// Verify implements source.Source: SNS deliveries by the signature of SNS, all others by our own scheme.
func (s Source) Verify(ctx context.Context, r source.Request, secrets []config.Secret) (time.Time, error) {
	if r.One("x-amz-sns-message-type") != "" {
		return time.Time{}, s.verifySNS(ctx, r)
	}
	return sign.Verify(r.Received, r.One(sign.HeaderTimestamp), r.Joined(sign.HeaderSignature), r.Body, secrets)
}

// snsMessage is the envelope of SNS over HTTP.
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
type snsMessage struct {
	Type              string
	MessageID         string `json:"MessageId"`
	Token             string
	TopicArn          string
	Subject           *string
	Message           string
	Timestamp         string
	SignatureVersion  string
	Signature         string
	SigningCertURL    string
	SigningCertURLOld string `json:"SigningCertUrl"` // as Lambda spells it
	SubscribeURL      string
}

// snsAge is how old an SNS message may be: longer than the longest delivery policy retries. Repeats within it are
// recognised by the event they carry.
const snsAge = 24 * time.Hour

var (
	snsHost  = regexp.MustCompile(`^sns\.[a-z0-9-]{3,32}\.amazonaws\.com(\.cn)?$`)
	topicARN = regexp.MustCompile(`^arn:aws[a-z-]*:sns:([a-z0-9-]+):(\d{12}):[A-Za-z0-9_.-]+$`)
)

// verifySNS checks the signature as SNS documents it, and that the topic belongs to the space's account: anybody can have
// SNS sign messages of a topic of their own.
// https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html
func (s Source) verifySNS(ctx context.Context, r source.Request) error {
	var m snsMessage
	if err := json.Unmarshal(r.Body, &m); err != nil {
		return incident.Errorf(incident.Denied, "not an SNS message")
	}
	topic := topicARN.FindStringSubmatch(m.TopicArn)
	if topic == nil || s.space.Account == "" || topic[2] != s.space.Account {
		return incident.Errorf(incident.Denied, "the topic is not one of the space's account; set account in the space file")
	}
	sent, err := time.Parse(time.RFC3339, m.Timestamp)
	if err != nil || r.Received.Sub(sent) > snsAge || sent.Sub(r.Received) > sign.Tolerance {
		return incident.Errorf(incident.Denied, "the message's timestamp is malformed, too old or ahead of this clock")
	}
	signature, err := base64.StdEncoding.DecodeString(m.Signature)
	if err != nil {
		return incident.Errorf(incident.Denied, "the signature is not base64")
	}
	cert, err := s.certs.get(ctx, m.SigningCertURL, r.Received)
	if err != nil {
		return err
	}
	return m.check(cert, signature)
}

func (m snsMessage) check(cert *x509.Certificate, signature []byte) error {
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return incident.Errorf(incident.Denied, "the signing certificate holds no RSA key")
	}
	text := []byte(m.signed())
	var err error
	switch m.SignatureVersion {
	case "1":
		sum := sha1.Sum(text) // what SNS signs with unless the topic asks for version 2
		err = rsa.VerifyPKCS1v15(key, crypto.SHA1, sum[:], signature)
	case "2":
		sum := sha256.Sum256(text)
		err = rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature)
	default:
		return incident.Errorf(incident.Denied, "unknown signature version")
	}
	if err != nil {
		return incident.Errorf(incident.Denied, "the signature does not match")
	}
	return nil
}

// signed is the text that SNS signs: names and values of some fields, in this order.
func (m snsMessage) signed() string {
	var b strings.Builder
	line := func(name, value string) { b.WriteString(name + "\n" + value + "\n") }
	line("Message", m.Message)
	line("MessageId", m.MessageID)
	if m.Type == "Notification" {
		if m.Subject != nil {
			line("Subject", *m.Subject)
		}
	} else {
		line("SubscribeURL", m.SubscribeURL)
	}
	line("Timestamp", m.Timestamp)
	if m.Type != "Notification" {
		line("Token", m.Token)
	}
	line("TopicArn", m.TopicArn)
	line("Type", m.Type)
	return b.String()
}

// snsURL refuses every address that is not a page of SNS itself.
func snsURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.User != nil || !snsHost.MatchString(u.Host) {
		return incident.Errorf(incident.Denied, "the message points to an address that is not of SNS")
	}
	return nil
}

// certificates keeps SNS signing certificates by their address.
type certificates struct {
	fetcher Fetcher
	mu      sync.Mutex
	known   map[string]*x509.Certificate
}

const maxCertificates = 16 // SNS uses one for each region at a time

func (c *certificates) get(ctx context.Context, address string, now time.Time) (*x509.Certificate, error) {
	if err := snsURL(address); err != nil {
		return nil, err
	}
	if c.fetcher == nil {
		return nil, incident.Errorf(incident.Denied, "SNS over HTTP is not taken here")
	}
	c.mu.Lock()
	cert := c.known[address]
	c.mu.Unlock()
	if cert == nil {
		var err error
		if cert, err = c.fetch(ctx, address); err != nil {
			return nil, err
		}
	}
	if now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
		return nil, incident.Errorf(incident.Denied, "the signing certificate is not valid now")
	}
	return cert, nil
}

func (c *certificates) fetch(ctx context.Context, address string) (*x509.Certificate, error) {
	page, err := c.fetcher.Fetch(ctx, address)
	if err != nil {
		return nil, incident.Errorf(incident.Unavailable, "read the SNS signing certificate: %w", err)
	}
	block, _ := pem.Decode(page)
	if block == nil {
		return nil, incident.Errorf(incident.Denied, "the signing certificate is not PEM")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, incident.Errorf(incident.Denied, "the signing certificate cannot be read")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || len(c.known) >= maxCertificates {
		c.known = map[string]*x509.Certificate{}
	}
	c.known[address] = cert
	return cert, nil
}

// Confirm implements source.Confirmer: it visits the address with which SNS wants a subscription confirmed.
func (s Source) Confirm(ctx context.Context, handshake string) error {
	if err := snsURL(handshake); err != nil {
		return err
	}
	if s.fetcher == nil {
		return incident.Errorf(incident.Unavailable, "SNS subscriptions cannot be confirmed here")
	}
	if _, err := s.fetcher.Fetch(ctx, handshake); err != nil {
		return incident.Errorf(incident.Unavailable, "confirm the SNS subscription: %w", err)
	}
	return nil
}
