package sign

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/config"
)

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(strings.TrimPrefix(text, "-"))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// T1, Wycheproof: the function under all schemes agrees with every tag of Project Wycheproof, whole or truncated, and what
// our header lets in is exactly the valid tags of 32 bytes. A truncated tag is no signature of ours, however true it is.
func TestWycheproof(t *testing.T) {
	file, err := os.Open("testdata/wycheproof_hmac_sha256.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	agree, valid, invalid, truncated := 0, 0, 0, 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		field := strings.Fields(lines.Text())
		if field[0] == "#" {
			continue
		}
		key, message, tag := unhex(t, field[1]), unhex(t, field[2]), unhex(t, field[3])
		right := strings.HasPrefix(hex.EncodeToString(mac(key, message)), field[3])
		given, err := decode(base64.StdEncoding.EncodeToString(tag))
		accepted := err == nil && fits(given, []config.Secret{config.NewSecret(key)}, message)
		if field[0] == "valid" {
			valid++
		} else {
			invalid++
		}
		if len(tag) < 32 {
			truncated++
		}
		if right == (field[0] == "valid") && accepted == (right && len(tag) == 32) {
			agree++
		} else {
			t.Errorf("test %d: the MAC agrees: %v, accepted: %v; the vector is %s with %d bits", valid+invalid, right, accepted, field[0], 8*len(tag))
		}
	}
	t.Logf("Wycheproof HMAC-SHA256: %d/%d (%d valid, %d invalid; %d truncated to 128 bits, all refused)", agree, valid+invalid, valid, invalid, truncated)
	if valid != 66 || invalid != 108 || truncated != 87 {
		t.Errorf("%d valid, %d invalid, %d truncated: the file is not whole", valid, invalid, truncated)
	}
}

// T1, published examples: RFC 4231 (its truncated test case 5 among them), and what the definers of signature schemes give
// as examples of theirs.
func TestPublishedExamples(t *testing.T) {
	aa := strings.Repeat("aa", 131)
	cases := []struct{ name, key, message, want string }{
		{"RFC 4231 test case 1", strings.Repeat("0b", 20), hex.EncodeToString([]byte("Hi There")), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
		{"RFC 4231 test case 2", hex.EncodeToString([]byte("Jefe")), hex.EncodeToString([]byte("what do ya want for nothing?")), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		{"RFC 4231 test case 3", strings.Repeat("aa", 20), strings.Repeat("dd", 50), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
		{"RFC 4231 test case 4", "0102030405060708090a0b0c0d0e0f10111213141516171819", strings.Repeat("cd", 50), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
		{"RFC 4231 test case 5, truncated", strings.Repeat("0c", 20), hex.EncodeToString([]byte("Test With Truncation")), "a3b6167473100ee06e0c796c2955552b"},
		{"RFC 4231 test case 6", aa, hex.EncodeToString([]byte("Test Using Larger Than Block-Size Key - Hash Key First")), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
		{"RFC 4231 test case 7", aa, hex.EncodeToString([]byte("This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.")), "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
		{"RFC 7515 A.1", "0323354b2b0fa5bc837e0665777ba68f5ab328e6f054c928a90f84b2d2502ebfd3fb5a92d20647ef968ab4c377623d223d2e2172052e4f08c0cd9af567d080a3",
			hex.EncodeToString([]byte("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ")), "7418dfb49799e0254ffa607dd8adbbba16d4254d69d6bff05b58055853848d79"},
		{"GitHub, validating webhook deliveries", hex.EncodeToString([]byte("It's a Secret to Everybody")), hex.EncodeToString([]byte("Hello, World!")), "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
		{"Slack, verifying requests", hex.EncodeToString([]byte("8f742231b10e8888abcd99yyyzzz85a5")),
			hex.EncodeToString([]byte("v0:1531420618:token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c")),
			"a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"},
		{"Standard Webhooks, reference libraries", "31f290f6bf06298aab4f08d43c3f082cf648a362da2da4b0", hex.EncodeToString([]byte(`msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}`)), "83484cf52b04f8e4cf2531adfed9882ad4b2665137b852442d594d20e2c9d4e1"},
		{"HMAC, Wikipedia", hex.EncodeToString([]byte("key")), hex.EncodeToString([]byte("The quick brown fox jumps over the lazy dog")), "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"},
	}
	for _, c := range cases {
		if got := hex.EncodeToString(mac(unhex(t, c.key), unhex(t, c.message))); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	t.Logf("published examples: %d", len(cases))
}
