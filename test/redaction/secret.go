package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
)

const (
	digit   = "0123456789"
	hexes   = digit + "abcdef"
	lower   = "abcdefghijklmnopqrstuvwxyz"
	upper   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	alnum   = lower + upper + digit
	base32  = upper + "234567"
	base64s = alnum + "+/"
	slug    = alnum + "_-"
)

// dice draws made-up secrets of a valid form at run time: no file holds one.
type dice struct{ *rand.Rand }

func (d dice) of(alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[d.IntN(len(alphabet))]
	}
	return string(b)
}

func (d dice) uuid() string {
	return fmt.Sprintf("%s-%s-4%s-a%s-%s", d.of(hexes, 8), d.of(hexes, 4), d.of(hexes, 3), d.of(hexes, 3), d.of(hexes, 12))
}

// chosen is a password as people choose them.
func (d dice) chosen() string {
	return []string{"Fake", "Lantern", "notreal", "Winter", "s3same"}[d.IntN(5)] + d.of(digit, 3) + d.of("!#%+?$", 1) + d.of(lower, 3)
}

func (d dice) pem(kind string) string {
	out := "-----BEGIN " + kind + "PRIVATE" + " KEY-----\n"
	for range 5 {
		out += d.of(base64s, 64) + "\n"
	}
	return out + d.of(base64s, 22) + "==\n-----END " + kind + "PRIVATE" + " KEY-----"
}

func (d dice) jwt() string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"RS256","kid":"fake"}`)) + "." + enc([]byte(`{"sub":"fake-`+d.of(lower, 9)+`","iat":1767225600}`)) + "." + d.of(slug, 86)
}

// shape is a kind of secret: the texts in which it occurs have @@ in its place.
type shape struct {
	name  string
	draw  func(d dice) string
	texts []string
}

func fixed(prefix, alphabet string, n int) func(dice) string {
	return func(d dice) string { return prefix + d.of(alphabet, n) }
}

var chosen = dice.chosen

// shapes are what gitleaks and detect-secrets know, and where such things stand in logs, diffs and tickets. Prefixes are in
// two pieces, so that scanners of repositories stay quiet.
var shapes = []shape{
	// clouds
	{"aws access key id", fixed("AK"+"IA", base32, 16), []string{"principal @@ is not allowed", `{"accessKeyId":"@@"}`, "https://b.s3.amazonaws.com/x?AWSAccessKeyId=@@&Expires=1767225600"}},
	{"aws secret key", fixed("", base64s, 40), []string{"export AWS_SECRET_ACCESS_KEY='@@'", `{"Credentials":{"SecretAccessKey":"@@"}}`, "[default]\naws_secret_access_key=@@\n", "secretAccessKey: @@"}},
	{"aws session token", fixed("IQoJb3JpZ2lu", base64s, 300), []string{"AWS_SESSION_TOKEN=@@", `"SessionToken" : "@@"`, "retry with @@ failed"}},
	{"presigned signature", fixed("", hexes, 64), []string{"GET https://b.s3.eu-west-1.amazonaws.com/k?X-Amz-Date=20260601T120000Z&X-Amz-SignedHeaders=host&X-Amz-Signature=@@ 403", "X-Amz-Expires=60%26X-Amz-Signature%3D@@"}},
	{"task token", fixed("AQCEAAAAKgAAAAMAAAAAAAAAAX", base64s, 400), []string{"SendTaskSuccess(@@)", `{"TaskToken":"@@"}`}},
	{"azure storage key", func(d dice) string { return d.of(base64s, 86) + "==" }, []string{"DefaultEndpointsProtocol=https;AccountName=fake;AccountKey=@@;EndpointSuffix=core.windows.net", "AZURE_STORAGE_KEY=@@"}},
	{"azure sas", func(d dice) string { return url.QueryEscape(d.of(base64s, 43) + "=") }, []string{"https://fake.blob.core.windows.net/c/b?sv=2024-11-04&se=2026-06-01&sr=b&sp=r&sig=@@"}},
	{"azure client secret", func(d dice) string { return d.of(alnum, 3) + "8Q" + "~" + d.of(slug, 34) }, []string{"client_secret=@@&grant_type=client_credentials", "ARM_CLIENT_SECRET: @@", "AADSTS7000215: invalid secret @@"}},
	{"azure bus", func(d dice) string { return d.of(base64s, 43) + "=" }, []string{"Endpoint=sb://fake.servicebus.windows.net/;SharedAccessKeyName=root;SharedAccessKey=@@;EntityPath=q"}},
	{"google api key", fixed("AI"+"za", slug, 35), []string{"https://maps.googleapis.com/maps/api/geocode/json?key=@@", "googleKey = '@@'"}},
	{"google oauth secret", fixed("GOC"+"SPX-", slug, 28), []string{`"client_secret":"@@"`}},
	{"google access token", fixed("ya"+"29.", slug, 140), []string{"Authorization: Bearer @@", "token @@ expired"}},
	{"google service account", func(d dice) string { return strings.ReplaceAll(d.pem(""), "\n", `\n`) }, []string{`{"type":"service_account","private_key_id":"x","private_key":"@@\n"}`}},
	{"digitalocean", fixed("dop_"+"v1_", hexes, 64), []string{"doctl auth init -t @@"}},
	// code hosts and registries
	{"github classic", fixed("gh"+"p_", alnum, 36), []string{"https://x-access-token:@@@github.com/a/b.git", "GITHUB_TOKEN: @@", "push with @@ denied", `curl -H "Authorization: token @@" https://api.github.com`}},
	{"github fine-grained", func(d dice) string { return "github_" + "pat_" + d.of(alnum, 22) + "_" + d.of(alnum, 59) }, []string{"gh auth login --with-token @@"}},
	{"github app", fixed("gh"+"s_", alnum, 36), []string{"::add-mask::@@"}},
	{"gitlab", fixed("glp"+"at-", slug, 20), []string{"PRIVATE-TOKEN: @@", "https://oauth2:@@@gitlab.com/a/b.git"}},
	{"gitlab runner", fixed("glr"+"t-", slug, 20), []string{"register --token @@"}},
	{"bitbucket", fixed("ATC"+"TT3xFfGN0", slug, 180), []string{"BITBUCKET_TOKEN=@@"}},
	{"npm", fixed("np"+"m_", alnum, 36), []string{"//npm.fake.example/:_authToken=@@", "NPM_TOKEN=@@ npm publish"}},
	{"npm old", dice.uuid, []string{"//npm.fake.example/:_authToken=@@"}},
	{"pypi", fixed("pypi-"+"AgEIcHlwaS5vcmc", slug, 150), []string{"twine upload -u __token__ -p @@", "password = @@"}},
	{"docker hub", fixed("dckr_"+"pat_", slug, 27), []string{"docker login -u fake -p @@ docker.io"}},
	{"docker auth", func(d dice) string { return base64.StdEncoding.EncodeToString([]byte("fake:" + d.chosen())) }, []string{`{"auths":{"ghcr.io":{"auth":"@@"}}}`}},
	// chat, mail, payment
	{"slack bot", func(d dice) string {
		return "xo" + "xb-" + d.of(digit, 12) + "-" + d.of(digit, 12) + "-" + d.of(alnum, 24)
	}, []string{"SLACK_TOKEN=@@", "posting as @@"}},
	{"slack webhook", func(d dice) string { return "T" + d.of(base32, 9) + "/B" + d.of(base32, 9) + "/" + d.of(alnum, 24) }, []string{"POST https://hooks.slack" + ".com/services/@@ 404"}},
	{"teams webhook", fixed("", hexes, 32), []string{"https://fake.webhook" + ".office.com/webhookb2/7b1e1a2c-0000-4000-a000-000000000001@7b1e1a2c-0000-4000-a000-000000000002/IncomingWebhook/@@/7b1e1a2c-0000-4000-a000-000000000003"}},
	{"discord webhook", func(d dice) string { return d.of(digit, 18) + "/" + d.of(slug, 68) }, []string{"https://discord" + ".com/api/webhooks/@@"}},
	{"stripe", fixed("sk_"+"live_", alnum, 24), []string{"Stripe.apiKey = \"@@\"", "curl -u @@: https://api.stripe.com/v1/charges"}},
	{"stripe webhook", fixed("wh"+"sec_", alnum, 32), []string{"endpoint_secret = '@@'"}},
	{"twilio", fixed("S"+"K", hexes, 32), []string{"twilio api key @@"}},
	{"twilio auth", fixed("", hexes, 32), []string{"TWILIO_AUTH_TOKEN=@@", `Client("ACffffffffffffffffffffffffffffffff", auth_token="@@")`}},
	{"sendgrid", func(d dice) string { return "S" + "G." + d.of(slug, 22) + "." + d.of(slug, 43) }, []string{"SENDGRID_API_KEY=@@", "mail by @@ bounced"}},
	{"mailgun", fixed("key"+"-", hexes, 32), []string{"curl --user 'api:@@' https://api.mailgun.net"}},
	{"shopify", fixed("shp"+"at_", hexes, 32), []string{"X-Shopify-Access-Token: @@"}},
	{"square", fixed("sq0"+"atp-", slug, 22), []string{"square @@"}},
	// observability and paging
	{"datadog", fixed("", hexes, 32), []string{"DD_API_KEY: @@", "dd-api-key: @@", "datadog.api_key=@@"}},
	{"datadog app", fixed("", hexes, 40), []string{"DD_APP_KEY=@@"}},
	{"new relic", fixed("NR"+"AK-", base32, 27), []string{"Api-Key: @@", "new relic user key @@"}},
	{"new relic license", func(d dice) string { return d.of(hexes, 36) + "NR" + "AL" }, []string{"NEW_RELIC_LICENSE_KEY=@@"}},
	{"pagerduty", fixed("", slug, 20), []string{"Authorization: Token token=@@", "PAGERDUTY_API_KEY=@@"}},
	{"pagerduty routing", fixed("", hexes, 32), []string{`{"routing_key":"@@","event_action":"trigger"}`}},
	{"dynatrace", func(d dice) string { return "dt0" + "c01." + d.of(base32, 24) + "." + d.of(base32, 64) }, []string{"Authorization: Api-Token @@"}},
	{"grafana", func(d dice) string { return "gl" + "sa_" + d.of(alnum, 32) + "_" + d.of(hexes, 8) }, []string{"GRAFANA_TOKEN=@@"}},
	{"sentry dsn", fixed("", hexes, 32), []string{"dsn: https://@@@o1.ingest.sentry.io/2"}},
	{"splunk hec", dice.uuid, []string{"Authorization: Splunk @@", "hec_token=@@"}},
	{"honeycomb", fixed("", alnum, 22), []string{"x-honeycomb-team: @@", "HONEYCOMB_API_KEY=@@"}},
	{"sumologic", fixed("", alnum, 64), []string{"SUMO_ACCESS_KEY=@@"}},
	// infrastructure
	{"databricks", fixed("da"+"pi", hexes, 32), []string{"DATABRICKS_TOKEN=@@", "jdbc:databricks://h:443;PWD=@@"}},
	{"vault", fixed("hv"+"s.", slug, 90), []string{"X-Vault-Token: @@", "vault login @@"}},
	{"vault batch", fixed("hv"+"b.", slug, 130), []string{"renewing @@"}},
	{"vault old", fixed("s"+".", alnum, 24), []string{"VAULT_TOKEN=@@", `{"auth":{"client_token":"@@"}}`}},
	{"terraform", func(d dice) string { return d.of(alnum, 14) + ".atlas" + "v1." + d.of(slug, 67) }, []string{`credentials "app.terraform.io" { token = "@@" }`}},
	{"pulumi", fixed("pul"+"-", hexes, 40), []string{"PULUMI_ACCESS_TOKEN=@@"}},
	{"doppler", fixed("dp."+"st.prd.", alnum, 43), []string{"DOPPLER_TOKEN=@@"}},
	{"fastly", fixed("", slug, 32), []string{"Fastly-Key: @@"}},
	{"cloudflare", fixed("", slug, 40), []string{"CLOUDFLARE_API_TOKEN=@@", "X-Auth-Key: @@"}},
	{"heroku", dice.uuid, []string{"HEROKU_API_KEY=@@"}},
	{"kubernetes", dice.jwt, []string{"token: @@", "Bearer @@", "kubectl --token=@@ get pods"}},
	{"wireguard", func(d dice) string { return d.of(base64s, 43) + "=" }, []string{"[Interface]\nPrivateKey = @@"}},
	{"age", fixed("AGE-SECRET"+"-KEY-1", "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58), []string{"@@"}},
	{"rails master", fixed("", hexes, 32), []string{"RAILS_MASTER_KEY=@@", "SECRET_KEY_BASE=@@"}},
	// models
	{"openai", fixed("sk-"+"proj-", slug, 120), []string{"OPENAI_API_KEY=@@", "Incorrect API key provided: @@."}},
	{"anthropic", fixed("sk-"+"ant-api03-", slug, 95), []string{"x-api-key: @@"}},
	{"hugging face", fixed("h"+"f_", alnum, 34), []string{"HF_TOKEN=@@", "login(token='@@')"}},
	{"bedrock", fixed("ABSK", base64s, 128), []string{"AWS_BEARER_TOKEN_BEDROCK=@@"}},
	// keys and tokens without an issuer
	{"rsa key", func(d dice) string { return d.pem("RSA ") }, []string{"key:\n@@\n", "data: |\n@@"}},
	{"openssh key", func(d dice) string { return d.pem("OPENSSH ") }, []string{"@@"}},
	{"key cut off", func(d dice) string {
		return "-----BEGIN EC PRIVATE" + " KEY-----\n" + d.of(base64s, 64) + "\n" + d.of(base64s, 40)
	}, []string{"dump @@"}},
	{"jwt", dice.jwt, []string{"rejected @@", "Cookie: lang=en; id_token=@@", "GET /cb?id_token=@@&state=1", "msg=\"jwt @@\""}},
	{"bearer", fixed("", alnum, 40), []string{"Authorization: Bearer @@", "authorization=Bearer @@", `"authorization":["Bearer @@"]`, "-H 'Authorization: Bearer @@'"}},
	{"basic", func(d dice) string { return base64.StdEncoding.EncodeToString([]byte("fake:" + d.chosen())) }, []string{"Authorization: Basic @@", "proxy-authorization: basic @@"}},
	{"session cookie", fixed("", alnum, 32), []string{"Cookie: lang=de; sessionid=@@", "Set-Cookie: connect.sid=@@; Path=/; HttpOnly", "cookie: JSESSIONID=@@; x=1"}},
	{"csrf", fixed("", alnum, 40), []string{"csrf_token=@@", "X-CSRF-Token: @@"}},
	{"api key", fixed("", alnum, 32), []string{"api_key=@@", "GET /v1/x?apikey=@@&p=2", `{"apiKey":"@@"}`, "X-API-Key: @@", "ApiKey: '@@'", "--api-key @@", "rotated the api key to @@ today"}},
	{"secret near words", fixed("", alnum, 40), []string{"the new secret is @@, keep it", "shared secret: @@", "secret=@@", "signing_secret: \"@@\""}},
	{"oauth code", fixed("", slug, 60), []string{"refresh_token=@@&grant_type=refresh_token", `"access_token": "@@"`}},
	// passwords
	{"password", chosen, []string{
		"DB_PASSWORD=@@", "export PGPASSWORD='@@'", "db.password: @@", `{"password":"@@"}`, "<password>@@</password>", `<add key="DbPassword" value="@@"/>`,
		"mysqldump -u root --password=@@ shop", "app --db-password @@ --port 1", "GET /login?user=a&password=@@&x=1", "ALTER USER app WITH PASSWORD '@@'",
		"CREATE USER a IDENTIFIED BY '@@';", "spring.datasource.password=@@", "password => '@@'", "Password=@@;Encrypt=true", `{"name":"DB_PASSWORD","value":"@@"}`,
		`- name: REDIS_PASSWORD` + "\n" + `  value: "@@"`, "login failed, password was @@", "the password is @@", "passwd: @@", "$env:PASSWORD = \"@@\"",
		`{"log":"{\"user\":\"a\",\"password\":\"@@\"}"}`, "ENV DB_PASSWORD @@", "smtp_pass: @@", "sshpass -p '@@' ssh h", "PASSWORD:@@", "set password to \"@@\"", "secret_password = @@",
		"variable \"db_password\" { default = \"@@\" }", "'password': u'@@'", "user=app,password=@@,host=db",
		"req.SetBasicAuth(\"app\", \"@@\")", "HTTPBasicAuth('app', '@@')", "new NetworkCredential(\"app\", \"@@\", \"corp\")", "user/pass: app / @@", "username/password=app/@@", "Kennwort: @@", "mot de passe: @@", "senha=@@",
	}},
	{"password that looks random", func(d dice) string { return d.of(alnum, 13) + d.of(digit, 1) }, []string{
		"auth=('app', '@@')", "server.login(\"a@x.example\", \"@@\")", "credentials app:@@ refused", "sqlplus app/@@@shop", "jdbc:oracle:thin:app/@@@db:1521:x", "htpasswd -nb app @@", "htpasswd -b users app @@",
		"password for app: @@",
	}},
	{"url password", fixed("", alnum, 14), []string{
		"postgres://app:@@@db.internal:5432/shop", "mongodb+srv://app:@@@c0.fake.mongodb.net/x", "redis://:@@@cache:6379/0", "amqp://a:@@@mq/", "https://admin:@@@host.internal/x",
		"jdbc:postgresql://db/x?user=a&password=@@", "app:@@@tcp(db:3306)/x", "Server=db;User Id=a;Password=@@;", "DATABASE_URL=mysql2://a:@@@db/x", "ftp://u:@@@files.internal/in", "smtp://u%40x:@@@mail:587",
		"sqlserver://sa:@@@db:1433?database=x", "clickhouse://default:@@@ch:9000/x", "snowflake://u:@@@acc/db", "nats://u:@@@nats:4222", "ldap bind cn=a,dc=x password=@@",
	}},
}

// wraps are encodings and containers in which a line travels; each says what is left of the secret in it.
var wraps = []struct {
	name string
	wrap func(line, secret string) (string, []string)
}{
	{"base64", func(l, _ string) (string, []string) {
		b := base64.StdEncoding.EncodeToString([]byte(l))
		return "payload " + b, []string{b}
	}},
	{"url-encoded", func(l, s string) (string, []string) {
		return "body=" + url.QueryEscape(l), []string{url.QueryEscape(s)}
	}},
	{"json in json", func(l, s string) (string, []string) { return nest(nest(l)), []string{s} }},
	{"unicode escapes", func(l, s string) (string, []string) {
		return `{"m":"` + strings.NewReplacer("=", `\u003d`, "&", `\u0026`, `"`, `\u0022`, "<", `\u003c`, "\n", `\n`).Replace(l) + `"}`, []string{s}
	}},
	{"zero width", func(l, s string) (string, []string) {
		if len(s) < 24 {
			return l, []string{s}
		}
		return strings.Replace(l, s, s[:12]+"\u200b"+s[12:], 1), []string{s[:12], s[12:]}
	}},
	{"folded", func(l, s string) (string, []string) {
		if len(s) < 80 || strings.Contains(s, "\n") {
			return l, []string{s}
		}
		return strings.Replace(l, s, s[:64]+"\n  "+s[64:], 1), []string{s[:64], s[64:]}
	}},
}

func nest(s string) string {
	out, _ := json.Marshal(map[string]string{"message": s}) // a map of strings
	return string(out)
}

// corpus is our own set: every shape in every text, the first text of each shape in every wrap, and what is no secret.
func corpus() []sample {
	d := dice{rand.New(rand.NewPCG(2026, 6))}
	var out []sample
	for _, s := range shapes {
		for i, text := range s.texts {
			secret := s.draw(d)
			out = append(out, sample{name: fmt.Sprintf("%s %d", s.name, i+1), text: strings.Replace(text, "@@", secret, 1), secrets: []string{secret}})
		}
		for _, w := range wraps {
			secret := s.draw(d)
			line := strings.Replace(s.texts[0], "@@", secret, 1)
			if text, parts := w.wrap(line, secret); text != line {
				out = append(out, sample{name: s.name + ", " + w.name, text: text, secrets: parts})
			}
		}
	}
	return append(out, ordinary(d)...)
}
