package catalogue

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"code.dny.dev/ssrf"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/incident"
)

// vault is a set of secrets; a name that it does not know has no value.
type vault map[string]string

func (v vault) Active(_ context.Context, name string) ([]config.Secret, error) {
	if name == "locked" {
		return nil, incident.Errorf(incident.Unavailable, "the vault does not answer")
	}
	value, ok := v[name]
	if !ok {
		return nil, nil
	}
	return []config.Secret{config.NewSecret([]byte(value)), config.NewSecret([]byte("older"))}, nil
}

func TestTheEgressClientReachesPublicAddressesOnly(t *testing.T) {
	var reached atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer server.Close()
	port := server.URL[strings.LastIndex(server.URL, ":"):]
	for _, target := range []string{
		server.URL,                // loopback, with somebody listening
		"http://localhost" + port, // by name: what counts is what it resolves to
		"http://[::1]" + port,
		"http://[::ffff:127.0.0.1]" + port,
		"http://0.0.0.0" + port,
		"http://10.0.0.1", "http://172.16.0.1", "http://192.168.0.1", "http://100.64.0.1",
		"http://169.254.169.254/latest/meta-data/", // metadata of instances
		"http://169.254.170.2/v2/credentials/",     // credentials of tasks
		"http://[fd00:ec2::254]/", "http://[fe80::1]/",
	} {
		resp, err := egress().Get(target)
		if err == nil {
			resp.Body.Close()
			t.Errorf("%s was reached", target)
			continue
		}
		if !refused(err) {
			t.Errorf("%s failed of something else: %v", target, err)
		}
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("the server saw %d requests", n)
	}
}

func refused(err error) bool {
	return errors.Is(err, ssrf.ErrProhibitedIP) || errors.Is(err, ssrf.ErrProhibitedPort) || errors.Is(err, ssrf.ErrProhibitedNetwork)
}

// A public host that redirects inwards gets no further: the check is made for every connection.
func TestARedirectInwardsIsRefused(t *testing.T) {
	var reached atomic.Int32
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer inner.Close()
	client := egress()
	guarded := client.Transport
	client.Transport = transport(func(r *http.Request) (*http.Response, error) {
		if r.URL.Host == "public.example" {
			return &http.Response{StatusCode: http.StatusFound, Header: http.Header{"Location": {inner.URL}}, Body: http.NoBody, Request: r}, nil
		}
		return guarded.RoundTrip(r)
	})
	resp, err := client.Get("http://public.example/")
	if err == nil {
		resp.Body.Close()
	}
	if !refused(err) || reached.Load() != 0 {
		t.Errorf("%v, the inner server saw %d requests", err, reached.Load())
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestChannelsComeInTheirOrderAndOnlyIfNamed(t *testing.T) {
	tests := []struct {
		name, notify string
		want         []string
	}{
		{"none", "{}", nil},
		{"ticket first, whatever the order in the file", "{events: {}, email: {from: a@example.com, to: [b@example.com]}, slack: {channel: C1, secret: s, team: T1, app: A1}, servicenow: {instance: https://x.service-now.com, secret: n}}", []string{"servicenow", "slack", "email", "events"}},
		{"mail alone", "{email: {from: a@example.com, to: [b@example.com]}}", []string{"email"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, c := range All(parse(t, tc.notify), vault{}, nil, nil) {
				got = append(got, c.Name())
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("%v, want %v", got, tc.want)
			}
		})
	}
}

func parse(t *testing.T, notify string) config.Space {
	t.Helper()
	space, err := config.ParseSpace("space.yaml", []byte("name: shop\nservices: [{name: checkout}]\nnotify: "+notify+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	return space
}

// What is wrong with a secret is known before anything leaves: the error is the secret's, not one of the connection.
func TestASecretThatCannotBeUsedKeepsItsClass(t *testing.T) {
	tests := []struct {
		name, secret string
		vault        vault
		class        incident.Class
		says         string
	}{
		{"missing", "absent", vault{}, incident.Denied, "absent"},
		{"vault away", "locked", vault{}, incident.Unavailable, "does not answer"},
		{"wrong shape", "s", vault{"s": "hunter2hunter2"}, incident.Invalid, "secret"},
	}
	channels := map[string]string{
		"slack":      "{slack: {channel: C1, secret: %s, team: T1, app: A1}}",
		"servicenow": "{servicenow: {instance: https://x.service-now.com, secret: %s}}",
	}
	for _, tc := range tests {
		for channel, notify := range channels {
			t.Run(tc.name+" of "+channel, func(t *testing.T) {
				space := parse(t, strings.ReplaceAll(notify, "%s", tc.secret))
				notice := deliver.Notice{Kind: deliver.Failure, Key: "failure", Investigation: incident.Investigation{ID: "inv-1", Space: "shop", Title: "5xx"}, Text: "no model"}
				_, err := All(space, tc.vault, nil, nil)[0].Deliver(t.Context(), notice, nil, false)
				if incident.ClassOf(err) != tc.class || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("%s: %v", incident.ClassOf(err), err)
				}
			})
		}
	}
}
