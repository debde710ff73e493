package sign_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source/sign"
)

var (
	now      = time.Date(2026, 3, 10, 3, 2, 40, 0, time.UTC)
	body     = []byte(`{"eventType":"incident"}`)
	current  = config.NewSecret([]byte("current-secret-0123456789-0123456789"))
	previous = config.NewSecret([]byte("previous-secret-0123456789-012345678"))
	stranger = config.NewSecret([]byte("stranger-secret-0123456789-012345678"))
)

func at(d time.Duration) string { return sign.Stamp(now.Add(d)) }

func signed(d time.Duration) (stamp, sig string) { return at(d), sign.Sign(current, at(d), body) }

// The table of deliveries that are accepted, and of those that look acceptable and are not.
func TestVerify(t *testing.T) {
	stamp, sig := signed(0)
	short := "2026-03-10T03:02:40Z"
	other := sign.Sign(stranger, stamp, body)
	raw, _ := base64.StdEncoding.DecodeString(sig)
	shifted := append([]byte("000Z:"), body...) // the border between timestamp and body moved
	cases := []struct {
		name, stamp, sig string
		body             []byte
		secrets          []config.Secret
		accept           bool
	}{
		{"current secret", stamp, sig, body, nil, true},
		{"without milliseconds", short, sign.Sign(current, short, body), body, nil, true},
		{"previous secret", stamp, sign.Sign(previous, stamp, body), body, nil, true},
		{"second of two values", stamp, other + "," + sig, body, nil, true},
		{"fourth of four values", stamp, strings.Repeat(other+",", 3) + sig, body, nil, true},
		{"300 s late", at(-300 * time.Second), sign.Sign(current, at(-300*time.Second), body), body, nil, true},
		{"300 s early", at(300 * time.Second), sign.Sign(current, at(300*time.Second), body), body, nil, true},
		{"empty body", stamp, sign.Sign(current, stamp, nil), nil, nil, true},

		{"300.001 s late", at(-300001 * time.Millisecond), sign.Sign(current, at(-300001*time.Millisecond), body), body, nil, false},
		{"300.001 s early", at(300001 * time.Millisecond), sign.Sign(current, at(300001*time.Millisecond), body), body, nil, false},
		{"no timestamp", "", sig, body, nil, false},
		{"no signature", stamp, "", body, nil, false},
		{"unknown secret", stamp, other, body, nil, false},
		{"no secrets", stamp, sig, body, []config.Secret{}, false},
		{"empty secret, signed with the empty key", stamp, sign.Sign(config.NewSecret(nil), stamp, body), body, nil, false},
		{"other body", stamp, sig, []byte(`{"eventType":"other"}`), nil, false},
		{"other timestamp", at(time.Second), sig, body, nil, false},
		{"border moved into the timestamp", "2026-03-10T03:02:40", sign.Sign(current, "2026-03-10T03:02:40", shifted), shifted, nil, false},
		{"colon in front of the body", "2026-03-10T03:02:40.000Z:x", sign.Sign(current, "2026-03-10T03:02:40.000Z:x", body), body, nil, false},
		{"five values", stamp, strings.Repeat(other+",", 4) + sig, body, nil, false},
		{"empty value in the list", stamp, "," + sig, body, nil, false},
		{"malformed value in the list", stamp, "xyz," + sig, body, nil, false},
		{"no base64 in the list", stamp, strings.Repeat("*", sign.ValueBytes) + "," + sig, body, nil, false},
		{"space in the list", stamp, other + ", " + sig, body, nil, false},
		{"hexadecimal", stamp, strings.Repeat("ab", 32), body, nil, false},
		{"without padding", stamp, strings.TrimSuffix(sig, "="), body, nil, false},
		{"URL alphabet", stamp, base64.URLEncoding.EncodeToString(append(raw[:31:31], 0xfb|raw[31])), body, nil, false},
		{"line break inside", stamp, sig[:20] + "\n" + sig[20:], body, nil, false},
		{"line break in place of a character", stamp, sig[:42] + "\r\n", body, nil, false},
		{"prefix of the signature", stamp, sig[:40] + "AAA=", body, nil, false},
		{"spare bits set", stamp, spare(sig), body, nil, false},
		{"scheme in front", stamp, "v1=" + sig, body, nil, false},
	}
	for _, stamp := range []string{
		"1773111760", "2026-03-10", "2026-03-10T03:02:40", "2026-03-10 03:02:40Z", "2026-03-10t03:02:40z", "2026-03-10T03:02:40+00:00", "2026-03-10T04:02:40+01:00",
		"2026-03-10T03:02:40.0Z", "2026-03-10T03:02:40.00Z", "2026-03-10T03:02:40.000000Z", "2026-03-10T03:02:40,000Z", "2026-3-10T03:02:40.000Z",
		"2026-03-10T03:02:60Z", "2026-03-10T24:00:00Z", "2026-02-30T03:02:40Z", " 2026-03-10T03:02:40Z", "2026-03-10T03:02:40Z ", "2026-03-10T03:02:40Z,2026-03-10T03:02:40Z",
		"20260310T030240Z", "Tue, 10 Mar 2026 03:02:40 GMT", "+2026-03-10T03:02:40Z", "２026-03-10T03:02:40Z", "2026-03-10T03:02:40.\u0660\u0660\u0660Z",
	} {
		cases = append(cases, struct {
			name, stamp, sig string
			body             []byte
			secrets          []config.Secret
			accept           bool
		}{"timestamp " + stamp, stamp, sign.Sign(current, stamp, body), body, nil, false})
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.secrets == nil {
				c.secrets = []config.Secret{current, previous}
			}
			got, err := sign.Verify(now, c.stamp, c.sig, c.body, c.secrets)
			if accepted := err == nil; accepted != c.accept {
				t.Fatalf("accepted = %v, want %v (%v)", accepted, c.accept, err)
			}
			if c.accept && sign.Stamp(got)[:19] != c.stamp[:19] {
				t.Errorf("signed time = %s, want %s", sign.Stamp(got), c.stamp)
			}
			if !c.accept && !incident.Is(err, incident.Denied) {
				t.Errorf("class = %s, want Denied", incident.ClassOf(err))
			}
		})
	}
}

// spare sets bits of the last character that do not belong to any byte: a lenient decoder would read the same signature.
func spare(sig string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	i := strings.IndexByte(alphabet, sig[42])
	return sig[:42] + string(alphabet[i|1]) + "="
}

// Whatever is accepted was signed: no other timestamp or body passes with somebody's signature.
func FuzzVerify(f *testing.F) {
	stamp, sig := signed(0)
	f.Add(stamp, sig, body)
	f.Add("2026-03-10T03:02:40", sig, append([]byte("000Z:"), body...))
	f.Add(stamp, sig+","+sig, body)
	f.Fuzz(func(t *testing.T, gotStamp, gotSig string, gotBody []byte) {
		_, err := sign.Verify(now, gotStamp, gotSig, gotBody, []config.Secret{current})
		if err == nil && !strings.Contains(gotSig, sign.Sign(current, gotStamp, gotBody)) {
			t.Fatalf("accepted %q %q %q", gotStamp, gotSig, gotBody)
		}
		if err == nil && (gotStamp != stamp || string(gotBody) != string(body)) {
			t.Fatalf("accepted a pair that nobody signed: %q %q", gotStamp, gotBody)
		}
	})
}

func TestStandardWebhooks(t *testing.T) {
	// The example of the specification's reference libraries.
	secret := config.NewSecret([]byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
	stamp, id, payload, want := "1614265330", "msg_p5jXN8AQM9LWM0D4loKWxJek", []byte(`{"test": 2432232314}`), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	when := time.Unix(1614265330, 0)
	if _, got, err := sign.SignStandard(secret, id, when, payload); err != nil || got != want {
		t.Fatalf("signature = %s, %v; want %s", got, err, want)
	}
	for name, c := range map[string]struct {
		id, stamp, sig string
		now            time.Time
		accept         bool
	}{
		"as specified":           {id, stamp, want, when, true},
		"among other versions":   {id, stamp, "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg== " + want, when, true},
		"late":                   {id, stamp, want, when.Add(301 * time.Second), false},
		"early":                  {id, stamp, want, when.Add(-301 * time.Second), false},
		"other id":               {"msg_x", stamp, want, when, false},
		"id with the separator":  {id + ".1", stamp, want, when, false},
		"signed timestamp moved": {id, "01614265330", want, when, false},
		"no signature":           {id, stamp, "", when, false},
		"other version only":     {id, stamp, "v2," + want[3:], when, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sign.Standard(c.now, c.id, c.stamp, c.sig, payload, []config.Secret{secret})
			if (err == nil) != c.accept {
				t.Errorf("err = %v, want accept %v", err, c.accept)
			}
		})
	}
}

func TestBearer(t *testing.T) {
	secrets := []config.Secret{current, previous}
	for header, accept := range map[string]bool{
		"Bearer current-secret-0123456789-0123456789": true,
		"bearer previous-secret-0123456789-012345678": true,
		"Bearer current-secret-0123456789-012345678":  false,
		"Bearer ":                                      false,
		"current-secret-0123456789-0123456789":         false,
		"Basic current-secret-0123456789-0123456789":   false,
		"Bearer  current-secret-0123456789-0123456789": false,
	} {
		if err := sign.Bearer(header, secrets); (err == nil) != accept {
			t.Errorf("%q: err = %v, want accept %v", header, err, accept)
		}
	}
	if err := sign.Bearer("Bearer x", nil); err == nil {
		t.Error("accepted without any secret")
	}
}
