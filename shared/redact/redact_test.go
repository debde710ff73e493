package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	lowerNum = "abcdefghijklmnopqrstuvwxyz0123456789"
	hexes    = "0123456789abcdef"
	b62      = lowerNum + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	b64      = b62 + "+/"
	capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
)

// dice draws secrets at run time, so that the repository itself holds none.
type dice struct{ *rand.Rand }

func (d dice) of(alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[d.IntN(len(alphabet))]
	}
	return string(b)
}

func (d dice) uuid() string {
	return d.of(hexes, 8) + "-" + d.of(hexes, 4) + "-4" + d.of(hexes, 3) + "-a" + d.of(hexes, 3) + "-" + d.of(hexes, 12)
}

// chosen is a password as people choose them.
func (d dice) chosen() string {
	ws := []string{"Sommer", "hunter", "correct", "dragon", "Winter", "letmein", "Pa55", "tiger"}
	return ws[d.IntN(len(ws))] + d.of("0123456789", 2) + d.of("!#%+?", 1)
}

// secretCase makes a line and the secret in it.
type secretCase struct {
	name string
	make func(d dice) (line, secret string)
}

// in puts a drawn secret into a line at the verb.
func in(line string, draw func(d dice) string) func(d dice) (string, string) {
	return func(d dice) (string, string) {
		s := draw(d)
		return strings.Replace(line, "@@", s, 1), s
	}
}

func token(prefix, alphabet string, n int) func(d dice) string {
	return func(d dice) string { return prefix + d.of(alphabet, n) }
}

func pw(d dice) string { return d.chosen() }

var secretCases = []secretCase{
	{"aws access key id", in("using @@ for upload", token("AK"+"IA", capitals, 16))},
	{"aws temporary key id", in(`"accessKeyId": "@@"`, token("AS"+"IA", capitals, 16))},
	{"aws secret key env", in("AWS_SECRET_ACCESS_KEY=@@", token("", b64, 40))},
	{"aws secret key ini", in("aws_secret_access_key = @@", token("", b64, 40))},
	{"aws secret json", in(`{"SecretAccessKey":"@@","Expiration":"2026-11-03T02:14:07Z"}`, token("", b64, 40))},
	{"aws secret alone", in("credentials.csv: user,@@", token("", b64, 40))},
	{"aws session token", in("AWS_SESSION_TOKEN=@@", token("IQoJb3JpZ2lu", b64, 200))},
	{"aws session token header", in("x-amz-security-token: @@", token("FwoGZXIvYXdz", b64, 200))},
	{"presigned url", in("https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=300&X-Amz-Signature=@@", token("", hexes, 64))},
	{"sfn task token", in(`"taskToken":"@@"`, token("AQCEAAAAKgAAAAMAAAAA", b64, 300))},
	{"sfn task token old", in("token @@ sent", token("AAAAKgAAAAIAAAAA", b64, 300))},
	{"bedrock key", in("key @@", token("ABSK", b64, 128))},
	{"github classic", in("remote: https://@@@github.com/shop/checkout", token("gh"+"p_", b62, 36))},
	{"github app", in("token @@", token("gh"+"s_", b62, 36))},
	{"github oauth", in("got @@.", token("gh"+"o_", b62, 36))},
	{"github fine", in("GH=@@", func(d dice) string { return "github_" + "pat_" + d.of(b62, 22) + "_" + d.of(b62, 59) })},
	{"gitlab", in("PRIVATE-TOKEN: @@", token("glp"+"at-", b62, 20))},
	{"gitlab ci", in("CI_JOB_TOKEN=@@", token("glc"+"bt-64_", b62, 20))},
	{"gitlab runner", in("registered with @@", token("glr"+"t-", b62, 20))},
	{"slack bot", in("slack: @@", func(d dice) string {
		return "xo" + "xb-" + d.of("123456789", 12) + "-" + d.of("123456789", 12) + "-" + d.of(b62, 24)
	})},
	{"slack app", in("@@", func(d dice) string {
		return "xa" + "pp-1-A" + d.of(capitals, 10) + "-" + d.of("123456789", 13) + "-" + d.of(hexes, 64)
	})},
	{"slack hook", in("POST https://hooks.slack"+".com/services/@@ 200", func(d dice) string { return "T" + d.of(capitals, 8) + "/B" + d.of(capitals, 8) + "/" + d.of(b62, 24) })},
	{"slack signing", in("SLACK_SIGNING_SECRET=@@", token("", hexes, 32))},
	{"stripe", in("stripe key @@", token("sk_"+"live_", b62, 24))},
	{"stripe restricted", in("@@", token("rk_"+"test_", b62, 60))},
	{"stripe webhook", in("endpoint secret @@", token("wh"+"sec_", b62, 32))},
	{"google api", in("?key=@@&v=3", token("AI"+"za", b62, 35))},
	{"google oauth secret", in("client_secret: @@", token("GOC"+"SPX-", b62, 28))},
	{"google access", in("access_token=@@", token("ya"+"29.a0", b62, 120))},
	{"google refresh", in(`"refresh_token": "@@"`, token("1/"+"/0g", b62, 60))},
	{"azure storage", in("DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=@@;EndpointSuffix=core.windows.net", func(d dice) string { return d.of(b64, 86) + "==" })},
	{"azure sas", in("https://shop.blob.core.windows.net/c?sv=2024-11-04&sp=r&sig=@@&se=2026", func(d dice) string { return url.QueryEscape(d.of(b64, 43) + "=") })},
	{"azure bus", in("Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=@@", func(d dice) string { return d.of(b64, 43) + "=" })},
	{"azure ad", in("AZURE_CLIENT_SECRET=@@", func(d dice) string { return d.of(b62, 3) + "8Q" + "~" + d.of(b62, 34) })},
	{"azure ad alone", in("rotated: @@", func(d dice) string { return d.of(b62, 3) + "8Q" + "~" + d.of(b62, 34) })},
	{"app insights", in("InstrumentationKey=@@;IngestionEndpoint=https://x", dice.uuid)},
	{"cosmos", in("AccountEndpoint=https://shop.documents.azure.com:443/;AccountKey=@@", func(d dice) string { return d.of(b64, 86) + "==" })},
	{"datadog api", in("DD_API_KEY=@@", token("", hexes, 32))},
	{"datadog app", in("DD-APPLICATION-KEY: @@", token("", hexes, 40))},
	{"datadog prose", in("agent started with api key @@", token("", hexes, 32))},
	{"new relic user", in("@@", token("NR"+"AK-", capitals, 27))},
	{"new relic license", in("license_key: @@", func(d dice) string { return d.of(hexes, 36) + "NR" + "AL" })},
	{"new relic license alone", in("sending with @@", func(d dice) string { return "eu01xx" + d.of(hexes, 30) + "NR" + "AL" })},
	{"new relic insert", in("X-Insert-Key: @@", token("NR"+"II-", b62, 32))},
	{"dynatrace", in("Api-Token @@", func(d dice) string { return "dt0" + "c01." + d.of(capitals, 24) + "." + d.of(capitals, 64) })},
	{"pagerduty rest", in("Authorization: Token token=@@", token("u"+"+", b62, 18))},
	{"pagerduty routing", in(`{"routing_key":"@@","event_action":"trigger"}`, token("", hexes, 32))},
	{"grafana service account", in("Bearer @@", func(d dice) string { return "gl" + "sa_" + d.of(b62, 32) + "_" + d.of(hexes, 8) })},
	{"grafana cloud", in("@@", token("gl"+"c_", b62, 100))},
	{"splunk hec", in("Authorization: Splunk @@", dice.uuid)},
	{"splunk hec config", in("hec_token: @@", dice.uuid)},
	{"twilio key", in("twilio @@", token("S"+"K", hexes, 32))},
	{"twilio auth", in("TWILIO_AUTH_TOKEN=@@", token("", hexes, 32))},
	{"sendgrid", in("mail via @@ failed", func(d dice) string { return "S" + "G." + d.of(b62, 22) + "." + d.of(b62, 43) })},
	{"npm", in("//registry.npmjs.org/:_authToken=@@", token("np"+"m_", b62, 36))},
	{"pypi", in("password = @@", token("pypi-"+"AgEIcHlwaS5vcmc", b62, 120))},
	{"rubygems", in("@@", token("rubygems"+"_", hexes, 48))},
	{"docker pat", in("docker login -u shop -p @@", token("dckr_"+"pat_", b62, 27))},
	{"docker auth", in(`"auths":{"https://index.docker.io/v1/":{"auth":"@@"}}`, func(d dice) string {
		return base64.StdEncoding.EncodeToString([]byte("shop:" + d.chosen()))
	})},
	{"jwt", in("jwt @@ rejected", func(d dice) string { return jwt(d) })},
	{"jwt cookie", in("Cookie: theme=dark; id=@@", func(d dice) string { return jwt(d) })},
	{"openai", in("sk @@", token("sk-"+"proj-", b62, 48))},
	{"anthropic", in("x-api-key: @@", token("sk-"+"ant-api03-", b62, 95))},
	{"hugging face", in("@@", token("h"+"f_", b62, 34))},
	{"vault", in("X-Vault-Token: @@", token("hv"+"s.", b62, 90))},
	{"vault old", in("VAULT_TOKEN=@@", token("s"+".", b62, 24))},
	{"vault secret id", in("secret_id=@@ role=checkout", dice.uuid)},
	{"terraform", in("credentials @@", func(d dice) string { return d.of(b62, 14) + ".atlas" + "v1." + d.of(b62, 64) })},
	{"databricks", in("@@", token("da"+"pi", hexes, 32))},
	{"digitalocean", in("@@", token("dop_"+"v1_", hexes, 64))},
	{"doppler", in("@@", token("dp."+"pt.", b62, 43))},
	{"shopify", in("@@", token("shp"+"at_", hexes, 32))},
	{"square", in("@@", token("sq0"+"csp-", b62, 43))},
	{"atlassian", in("jira @@", token("ATA"+"TT3xFfGF0", b62, 180))},
	{"sentry", in("@@", token("sntr"+"ys_", b62, 100))},
	{"sentry dsn", in("SENTRY_DSN=https://@@@o42.ingest.sentry.io/1", token("", hexes, 32))},
	{"linear", in("@@", token("lin_"+"api_", b62, 40))},
	{"mailgun", in("@@", token("key"+"-", hexes, 32))},
	{"mailchimp", in("mailchimp @@", func(d dice) string { return d.of(hexes, 32) + "-us" + "12" })},
	{"telegram", in("https://api.telegram"+".org/bot@@/sendMessage", func(d dice) string { return d.of("123456789", 10) + ":AA" + d.of(b62, 33) })},
	{"telegram alone", in("bot @@", func(d dice) string { return d.of("123456789", 10) + ":A" + "A" + d.of(b62, 33) })},
	{"discord hook", in("https://discord"+".com/api/webhooks/@@", func(d dice) string { return d.of("123456789", 18) + "/" + d.of(b62, 68) })},
	{"launchdarkly", in("@@", func(d dice) string { return "sd" + "k-" + d.uuid() })},
	{"opsgenie", in("Authorization: GenieKey @@", dice.uuid)},
	{"heroku", in("HEROKU_API_KEY=@@", dice.uuid)},
	{"tailscale", in("@@", token("tskey"+"-auth-k", b62, 30))},
	{"age", in("@@", token("AGE-SECRET"+"-KEY-1", "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58))},
	{"airtable", in("@@", func(d dice) string { return "pa" + "t" + d.of(b62, 14) + "." + d.of(hexes, 64) })},
	{"okta", in("Authorization: SSWS @@", token("00", b62, 40))},
	{"elastic", in("Authorization: ApiKey @@", func(d dice) string {
		return base64.StdEncoding.EncodeToString([]byte(d.of(b62, 20) + ":" + d.of(b62, 22)))
	})},
	{"private key", in("key:\n@@\ndone", pem)},
	{"private key in json", in(`{"private_key":"@@"}`, func(d dice) string { return strings.ReplaceAll(pem(d), "\n", `\n`) })},
	{"private key cut off", in("@@", func(d dice) string {
		return "-----BEGIN OPENSSH PRIVATE" + " KEY-----\n" + d.of(b64, 64) + "\n" + d.of(b64, 64)
	})},
	{"postgres url", in("postgres://orders:@@@db.internal:5432/orders", pw)},
	{"mysql url", in("mysql://root:@@@10.0.0.1/orders", pw)},
	{"mongo url", in("mongodb+srv://app:@@@cluster0.ab1cd.mongodb.net/shop?retryWrites=true", pw)},
	{"redis url", in("redis://:@@@cache.internal:6379/0", pw)},
	{"amqp url", in("amqps://shop:@@@mq.internal:5671/", pw)},
	{"http url", in("proxy=http://svc:@@@proxy.internal:3128", func(d dice) string { return d.of(b62, 12) })},
	{"mysql dsn", in("orders:@@@tcp(db.internal:3306)/orders?parseTime=true", func(d dice) string { return d.of(b62, 12) })},
	{"jdbc", in("jdbc:mysql://db.internal/orders?user=app&password=@@&ssl=true", pw)},
	{"sql server", in("Server=db;Database=orders;User Id=app;Password=@@;Encrypt=true", pw)},
	{"libpq", in("host=db user=app password=@@ dbname=orders", pw)},
	{"odbc", in("DRIVER={ODBC};SERVER=db;UID=app;PWD=@@", pw)},
	{"basic", in("Authorization: Basic @@", func(d dice) string { return base64.StdEncoding.EncodeToString([]byte("admin:" + d.chosen())) })},
	{"basic in log", in("header basic @@ refused", func(d dice) string { return base64.StdEncoding.EncodeToString([]byte("admin:" + d.chosen())) })},
	{"bearer opaque", in(`"Authorization":"Bearer @@"`, token("", b62, 32))},
	{"bearer hex", in("authorization: bearer @@", token("", hexes, 40))},
	{"env password", in("DB_PASSWORD=@@", pw)},
	{"yaml password", in("  password: @@", pw)},
	{"json password", in(`{"user":"app","password":"@@"}`, pw)},
	{"escaped json password", in(`{"message":"{\"user\":\"app\",\"password\":\"@@\"}"}`, pw)},
	{"twice escaped json", in(`{"log":"{\\\"password\\\":\\\"@@\\\"}"}`, pw)},
	{"python dict", in(`{'user': 'app', 'password': '@@'}`, pw)},
	{"ruby hash", in(`{:user=>"app", :password=>"@@"}`, pw)},
	{"go struct", in("&{User:app Password:@@ Host:db}", func(d dice) string { return d.of(b62, 10) })},
	{"java toString", in("Config(user=app, password=@@, host=db)", pw)},
	{"php", in(`$config['password'] = '@@';`, pw)},
	{"xml", in("<user>app</user><password>@@</password>", pw)},
	{"xml attr", in(`<add key="DbPassword" value="@@" />`, pw)},
	{"ini pass", in("smtp_pass = @@", pw)},
	{"flag", in("app --db-password @@ --port 8080", pw)},
	{"flag equals", in("app --password=@@", pw)},
	{"mysql -p", in("mysql -u root -p@@ orders", func(d dice) string { return d.of(b62, 10) })},
	{"redis-cli -a", in("redis-cli -h cache -a @@ ping", pw)},
	{"curl -u", in("curl -u admin:@@ https://x", pw)},
	{"sshpass", in("sshpass -p @@ ssh host", pw)},
	{"basic auth call", in(`req.SetBasicAuth("admin", "@@")`, pw)},
	{"basic auth object", in("HTTPBasicAuth('admin', '@@')", pw)},
	{"network credential", in(`new NetworkCredential("admin","@@")`, pw)},
	{"auth tuple", in("requests.get(url, auth=('admin', '@@'))", func(d dice) string { return d.of(b62, 11) + "7" })},
	{"login call", in(`smtp.login("app@example.com", "@@")`, func(d dice) string { return d.of(b62, 11) + "7" })},
	{"user/pass", in("user/pass: admin / @@", pw)},
	{"username/password", in("username/password=admin/@@", pw)},
	{"credentials pair", in("tried credentials admin:@@ twice", func(d dice) string { return d.of(b62, 11) + "7" })},
	{"sqlplus", in("sqlplus -s scott/@@@orcl", token("", b62, 12))},
	{"oracle url", in("jdbc:oracle:thin:scott/@@@db:1521:x", token("", b62, 12))},
	{"htpasswd", in("htpasswd -bB /etc/users admin @@", token("", b62, 12))},
	{"prompt", in("Enter password for admin: @@", func(d dice) string { return d.of(b62, 11) + "7" })},
	{"kennwort", in("Kennwort: @@", pw)},
	{"senha", in("senha=@@", pw)},
	{"mot de passe", in("mot de passe: @@", pw)},
	{"pagerduty key", in("pd_key=@@", token("", hexes, 32))},
	{"teams hook", in("https://outlook.office.com/webhook/@@", token("", hexes, 32))},
	{"new relic browser", in("license @@", token("NRJS-", hexes, 19))},
	{"dockerfile", in("ENV DB_PASSWORD @@", pw)},
	{"netrc", in("machine api.example.com login shop password @@", pw)},
	{"pgpass", in("db.internal:5432:orders:app:@@", func(d dice) string { return d.of(b62, 10) })},
	{"sql", in("CREATE USER app IDENTIFIED BY '@@'", pw)},
	{"sql role", in("ALTER ROLE app WITH PASSWORD '@@'", pw)},
	{"prose", in("the password is @@ by the way", pw)},
	{"prose token", in("rotated the webhook token to @@ today", token("", b62, 32))},
	{"prose secret", in("new secret @@ for checkout", token("", b62, 40))},
	{"ecs env", in(`{"name":"DB_PASSWORD","value":"@@"}`, pw)},
	{"k8s secret", in("data:\n  password: @@", func(d dice) string { return base64.StdEncoding.EncodeToString([]byte(d.chosen())) })},
	{"api key header", in("X-Api-Key: @@", token("", b62, 32))},
	{"api key query", in("GET /v1/orders?api_key=@@&page=2", token("", lowerNum, 24))},
	{"client secret form", in("grant_type=client_credentials&client_id=shop&client_secret=@@", token("", b62, 24))},
	{"percent form", in("body=client_secret%3D@@%26scope%3Dread", token("", b62, 24))},
	{"percent url", in("next=postgres%3A%2F%2Fapp%3A@@%40db%2Forders", func(d dice) string { return d.of(b62, 12) })},
	{"unicode escape", in(`"password\u003d@@\u0026user\u003dapp"`, func(d dice) string { return d.of(b62, 12) })},
	{"base64 of pair", in("payload: @@", func(d dice) string {
		return base64.StdEncoding.EncodeToString([]byte(`{"user":"app","password":"` + d.chosen() + `"}`))
	})},
	{"base64 of url", in("DATABASE_URL_B64=@@", func(d dice) string {
		return base64.StdEncoding.EncodeToString([]byte("postgres://app:" + d.of(b62, 12) + "@db/orders"))
	})},
	{"session cookie", in("Cookie: lang=en; JSESSIONID=@@", token("", b62, 32))},
	{"set cookie", in("Set-Cookie: session=@@; Path=/; HttpOnly", token("", b62, 43))},
	{"bcrypt", in("password_hash=@@", func(d dice) string { return "$2" + "b$12$" + d.of(b62, 53) })},
	{"shadow", in("root:@@:19000:0:99999:7:::", func(d dice) string { return "$6" + "$" + d.of(b62, 16) + "$" + d.of(b62, 86) })},
	{"encryption key", in("ENCRYPTION_KEY=@@", token("", hexes, 64))},
	{"jwt secret", in("JWT_SECRET=@@", token("supersecret", "abcdef", 6))},
	{"webhook secret", in("webhook_secret: @@", token("", b62, 20))},
	{"digest", in(`Authorization: Digest username="app", realm="x", nonce="n", uri="/", response="@@"`, token("", hexes, 32))},
	{"sigv4", in("Authorization: AWS4-HMAC-SHA256 Credential=x/20261103/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=@@", token("", hexes, 64))},
	{"wireguard", in("PrivateKey = @@", func(d dice) string { return d.of(b64, 43) + "=" })},
	{"passphrase", in(`passphrase: "correct @@"`, pw)},
	{"oauth query", in("https://app/cb#access_token=@@&token_type=bearer", token("", b62, 40))},
	{"pass query", in("GET /login?user=a&pass=@@&x=1 200", pw)},
	{"yaml next line", in("password: |\n    @@\nuser: app", pw)},
	{"bindpw", in("ldap.bindpw=@@", pw)},
	{"kafka jaas", in(`PlainLoginModule required username="app" password="@@";`, pw)},
	{"htpasswd", in("admin:@@", func(d dice) string { return "$ap" + "r1$" + d.of(b62, 8) + "$" + d.of(b62, 22) })},
	{"jwk", in(`{"kty":"EC","crv":"P-256","x":"abc","d":"@@"}`, token("", b62, 43))},
	{"kubeconfig", in("client-key-data: @@", func(d dice) string { return base64.StdEncoding.EncodeToString([]byte(pem(d))) })},
	{"log prose", in("login failed for user=bob with password '@@'", pw)},
	{"redis auth", in("redis> AUTH @@", token("", b62, 12))},
	{"functions key", in("x-functions-key: @@", token("", b62, 54))},
	{"subscription key", in("Ocp-Apim-Subscription-Key: @@", token("", hexes, 32))},
	{"code", in(`const apiKey = "@@";`, token("", b62, 20))},
	{"csv header", in("access key @@ is active", token("", b62, 32))},
}

func jwt(d dice) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + enc([]byte(`{"sub":"`+d.of(lowerNum, 12)+`"}`)) + "." + d.of(b62, 43)
}

func pem(d dice) string {
	lines := []string{"-----BEGIN RSA PRIVATE" + " KEY-----"}
	for range 6 {
		lines = append(lines, d.of(b64, 64))
	}
	return strings.Join(append(lines, d.of(b64, 30)+"==", "-----END RSA PRIVATE"+" KEY-----"), "\n")
}

const draws = 40 // of every case

func TestEverySecretIsTaken(t *testing.T) {
	r := New([]byte("k"))
	for _, c := range secretCases {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(draws) {
				line, secret := c.make(dice{rand.New(rand.NewPCG(seed, 1))})
				got := r.Text(line)
				if leak := longestCommon(got, secret); leak >= max(6, len(secret)/2) || !strings.Contains(got, placeholderPrefix) {
					t.Fatalf("seed %d: %d characters left\n  line %s\n  got  %s", seed, leak, line, got)
				}
				if again := r.Text(got); again != got {
					t.Fatalf("not stable:\n  once  %s\n  twice %s", got, again)
				}
			}
		})
	}
}

// TestSecretsInWrappings puts every case into the places where log lines end up.
func TestSecretsInWrappings(t *testing.T) {
	nest := func(s string) string {
		inner, _ := json.Marshal(map[string]any{"level": "info", "message": s, "n": 1})
		return string(inner)
	}
	wrappings := map[string]func(string) string{
		"log line":     func(s string) string { return `2026-11-03T02:14:07Z INFO [main] msg="` + s + `" status=200` },
		"JSON":         nest,
		"JSON in JSON": func(s string) string { return nest(nest(s)) },
		"three deep":   func(s string) string { return nest(nest(nest(s))) },
		"parentheses":  func(s string) string { return "failed (" + s + ")" },
		"list":         func(s string) string { return "a=1, " + s + ", b=2" },
		"sentence":     func(s string) string { return "got " + s + "..." },
		"HTML":         func(s string) string { return "<li>" + s + "</li>" },
		"quotes":       func(s string) string { return "'" + s + "'" },
		"tabs":         func(s string) string { return "x\t" + s + "\ty" },
		"CRLF":         func(s string) string { return "a\r\n" + s + "\r\nb" },
		"Go quoting":   func(s string) string { return fmt.Sprintf("msg=%q", s) },
	}
	r := New([]byte("k"))
	for name, wrap := range wrappings {
		for _, c := range secretCases {
			for seed := range uint64(10) {
				line, secret := c.make(dice{rand.New(rand.NewPCG(seed, 5))})
				got := r.Text(wrap(line))
				if leak := longestCommon(got, secret); leak >= max(6, len(secret)/2) {
					t.Errorf("%s in %s: %d characters left in %s", c.name, name, leak, got)
					break
				}
			}
		}
	}
}

// longestCommon is the length of the longest piece of secret that is still in text.
func longestCommon(text, secret string) int {
	best := 0
	for i := range secret {
		for best < len(secret)-i && strings.Contains(text, secret[i:i+best+1]) {
			best++
		}
	}
	return best
}

func TestOrdinaryLinesStay(t *testing.T) {
	data, err := os.ReadFile("testdata/ordinary.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	if len(lines) < 100 {
		t.Fatalf("only %d lines", len(lines))
	}
	r := New(nil)
	for _, l := range lines {
		if got := r.Text(l); got != l {
			t.Errorf("changed:\n  line %s\n  got  %s", l, got)
		}
		doc, _ := json.Marshal(map[string]string{"message": l})
		if got := r.JSON(doc); !bytes.Equal(compact(t, got), compact(t, doc)) {
			t.Errorf("changed in JSON:\n  %s\n  %s", doc, got)
		}
	}
}

func compact(t *testing.T, raw []byte) []byte {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("not JSON: %v: %s", err, raw)
	}
	out, _ := json.Marshal(v)
	return out
}

func TestPlaceholdersCorrelate(t *testing.T) {
	d := dice{rand.New(rand.NewPCG(7, 7))}
	secret := "gh" + "p_" + d.of(b62, 36)
	r := New([]byte("run 1"))
	a, b := r.Text("token="+secret), r.Text("pushed with "+secret+" to main")
	id := regexp.MustCompile(`<secret:[0-9a-f]{12}>`)
	if id.FindString(a) == "" || id.FindString(a) != id.FindString(b) {
		t.Errorf("the same secret has two placeholders: %s / %s", a, b)
	}
	if other := New([]byte("run 2")).Text("token=" + secret); other == a {
		t.Error("another key gives the same placeholder")
	}
	if r.Count() != 2 {
		t.Errorf("count %d, want 2", r.Count())
	}
}

func TestJSON(t *testing.T) {
	d := dice{rand.New(rand.NewPCG(3, 3))}
	pass, key := d.chosen(), d.of(b62, 32)
	doc := fmt.Sprintf(`{"z":1.50,"a":[1,2,{"password":%q}],"n":9007199254740993,"big":1e400,
		"containerDefinitions":[{"environment":[{"name":"DB_POOL_MAX","value":"5"},{"name":"DB_HOST","value":"db.internal"},{"name":"LOG_LEVEL","value":"debug"},{"name":"DB_PASSWORD","value":%q}]}],
		"Environment":{"Variables":{"FEATURE_X":"true","TABLE":"orders","API_KEY":%q}},
		"headers":{"authorization":"Bearer %s","x-request-id":"8f5c1d3e-6a44-4c52-9a77-0f1b6f2f9c11"},
		"log":"{\"password\":\"%s\"}","pin":null,"deployment":{"environment":"production"},"html":"<b>&</b>"}`, pass, pass, key, key, pass)
	r := New([]byte("k"))
	got := r.JSON(json.RawMessage(doc))
	p, k := r.hash(pass), r.hash(key)
	want := fmt.Sprintf(`{"z":1.50,"a":[1,2,{"password":"<secret:%[1]s>"}],"n":9007199254740993,"big":1e400,`+
		`"containerDefinitions":[{"environment":[{"name":"DB_POOL_MAX","value":"5"},{"name":"DB_HOST","value":"<hidden:DB_HOST:%[3]s>"},{"name":"LOG_LEVEL","value":"debug"},{"name":"DB_PASSWORD","value":"<hidden:DB_PASSWORD:%[1]s>"}]}],`+
		`"Environment":{"Variables":{"FEATURE_X":"true","TABLE":"<hidden:TABLE:%[4]s>","API_KEY":"<hidden:API_KEY:%[2]s>"}},`+
		`"headers":{"authorization":"Bearer <secret:%[2]s>","x-request-id":"8f5c1d3e-6a44-4c52-9a77-0f1b6f2f9c11"},`+
		`"log":"{\"password\":\"<secret:%[1]s>\"}","pin":null,"deployment":{"environment":"production"},"html":"<b>&</b>"}`, p, k, r.hash("db.internal"), r.hash("orders"))
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	if again := r.JSON(got); !bytes.Equal(again, got) {
		t.Errorf("not stable: %s", cmp.Diff(string(got), string(again)))
	}
	if got := string(r.JSON(json.RawMessage(`password=` + pass))); got != `"password=<secret:`+p+`>"` {
		t.Errorf("invalid JSON: %s", got)
	}
}

func TestValue(t *testing.T) {
	r := New([]byte("k")).Allow("QUEUE_NAME")
	hidden := func(name, v string) string { return "<hidden:" + name + ":" + r.hash(v) + ">" }
	for _, c := range []struct{ name, value, want string }{
		{"DB_POOL_MAX", "5", "5"},
		{"TIMEOUT", "30s", "30s"},
		{"RATIO", "-0.5", "-0.5"},
		{"FEATURE", "true", "true"},
		{"EMPTY", "", ""},
		{"AWS_REGION", "eu-west-1", "eu-west-1"},
		{"QUEUE_NAME", "orders", "orders"},
		{"DB_HOST", "db.internal", hidden("DB_HOST", "db.internal")},
		{"DB_PASSWORD", "12345678", hidden("DB_PASSWORD", "12345678")},
		{"API_TOKEN", "true", hidden("API_TOKEN", "true")},
		{"weird name>", "x", hidden("weird_name_", "x")},
	} {
		if got := r.Value(c.name, c.value); got != c.want {
			t.Errorf("Value(%q, %q) = %q, want %q", c.name, c.value, got, c.want)
		}
		if got := r.Value(c.name, c.want); got != c.want {
			t.Errorf("Value(%q, %q) is not stable: %q", c.name, c.want, got)
		}
	}
}

var canaries = flag.Int("canaries", 20_000, "lines of the planted-canary test")

// TestPlantedCanaries plants one secret in random places of random log lines and looks for it in the output (T23).
func TestPlantedCanaries(t *testing.T) {
	data, err := os.ReadFile("testdata/ordinary.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	d := dice{rand.New(rand.NewPCG(23, 23))}
	canary := "gh" + "p_" + "CANARY" + d.of(b62, 30)
	password := "CANARY-" + d.of(b62, 9) + "!"
	plant := []string{" %s ", " token=%s ", `{"a":"%s"}`, `\n%s\n`, "%%20%s%%20", " http://%s@h/ ", "(%s)", "<%s>", "[%s],"}
	plantPass := []string{" password=%s ", `"password":"%s"`, ` db://u:%s@h/d `, `\"password\":\"%s\"`, " --password %s "}
	r := New([]byte("k"))
	for i := range *canaries {
		l := lines[d.IntN(len(lines))]
		at := d.IntN(len(l) + 1)
		if at > 0 && at < len(l) && alnum[l[at-1]] && alnum[l[at]] {
			at = 0
		}
		wrap, secret := plant[d.IntN(len(plant))], canary
		if i%2 == 1 {
			wrap, secret = plantPass[d.IntN(len(plantPass))], password
		}
		line := l[:at] + fmt.Sprintf(wrap, secret) + l[at:]
		if got := r.Text(line); strings.Contains(got, "CANARY") {
			t.Fatalf("line %d:\n  %s\n  %s", i, line, got)
		}
	}
}

func FuzzText(f *testing.F) {
	for i, c := range secretCases {
		line, _ := c.make(dice{rand.New(rand.NewPCG(uint64(i), 2))})
		f.Add(line)
	}
	r := New([]byte("k"))
	canary := "gh" + "p_" + dice{rand.New(rand.NewPCG(9, 9))}.of(b62, 36)
	f.Fuzz(func(t *testing.T, s string) {
		r.Text(s)
		r.JSON(json.RawMessage(s))
		if got := r.Text(s + " " + canary + "\n"); strings.Contains(got, canary) {
			t.Errorf("canary left in %q", got)
		}
		doc, _ := json.Marshal(map[string]string{"m": s})
		if got := r.JSON(doc); !json.Valid(got) {
			t.Errorf("not JSON: %q", got)
		}
	})
}

func BenchmarkText(b *testing.B) {
	data, err := os.ReadFile("testdata/ordinary.txt")
	if err != nil {
		b.Fatal(err)
	}
	var mixed strings.Builder
	for i, c := range secretCases {
		line, _ := c.make(dice{rand.New(rand.NewPCG(uint64(i), 2))})
		mixed.WriteString(line + "\n")
	}
	for _, c := range []struct{ name, text string }{
		{"ordinary", strings.Repeat(string(data), 20)},
		{"secrets", strings.Repeat(mixed.String(), 20)},
		{"one line", strings.ReplaceAll(strings.Repeat(string(data), 20), "\n", " ")},
		{"hostile names", strings.Repeat("password=", 40_000)},
		{"hostile quotes", strings.Repeat(`\"token\":`, 40_000)},
		{"hostile urls", strings.Repeat("a://b:", 40_000)},
		{"hostile cues", strings.Repeat("token ", 40_000)},
		{"hostile dots", strings.Repeat("eyJ.", 40_000)},
		{"hostile pem", strings.Repeat("-----BEGIN RSA PRIVATE"+" KEY-----", 5_000)},
		{"hostile at", strings.Repeat("a:b@", 40_000)},
		{"hostile flags", strings.Repeat(" --token -p curl ", 20_000)},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := New([]byte("k"))
			b.SetBytes(int64(len(c.text)))
			for b.Loop() {
				r.Text(c.text)
			}
		})
	}
}
