package main

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// ordinary are texts that hold no secret and that an investigation lives on. Keys of documentation (AKIA…EXAMPLE) are not
// among them: the policy is to mask them, since a redactor that knows exceptions can be told that a key is one.
func ordinary(d dice) []sample {
	var out []sample
	for i, text := range ordinaries {
		text = strings.NewReplacer(
			"@sha1@", d.of(hexes, 40), "@sha256@", d.of(hexes, 64), "@md5@", d.of(hexes, 32), "@short@", d.of(hexes, 7), "@uuid@", d.uuid(), "@trace@", d.of(hexes, 32),
			"@span@", d.of(hexes, 16), "@aws@", d.of(hexes, 17), "@num@", d.of("123456789", 12), "@b64sum@", d.of(base64s, 43)+"=",
			"@text64@", base64.StdEncoding.EncodeToString([]byte("nothing but an ordinary sentence about "+d.of(lower, 6))),
			"@cert@", d.of(base64s, 64), "@reqid@", d.of(upper+digit, 16), "@host@", d.of(base64s, 56),
		).Replace(text)
		out = append(out, sample{name: fmt.Sprintf("ordinary %d", i+1), text: text, keep: true})
	}
	return out
}

var ordinaries = []string{
	// hashes, digests, revisions
	"commit @sha1@ by lena: raise the pool", "HEAD is now at @short@", "git checkout @sha1@", "revision=@sha1@", "merge @short@ into main", `"sha": "@sha1@"`,
	"image: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/checkout@sha256:@sha256@", "digest sha256:@sha256@", "imageDigest=sha256:@sha256@", "Pulled sha256:@sha256@ in 2.1s",
	"checksum: @md5@", "md5sum @md5@  app.tar", "ETag: \"@md5@\"", "etag=W/\"@short@\"", "x-amz-content-sha256: @sha256@", "sha256sum: @sha256@  bootstrap.zip", "Content-MD5: @b64sum@",
	"CodeSha256: @b64sum@", `"integrity":"sha512-@b64sum@"`, "h1:@b64sum@", "template hash @sha256@", "config checksum changed from @md5@ to @md5@", "cache key: @sha256@", "partition key = order-@num@",
	// ids
	"requestId: @uuid@", "x-request-id=@uuid@", "correlation_id: @uuid@", "RequestId: @reqid@", "x-amz-request-id: @reqid@", "x-amz-id-2: @host@=", "trace_id=@trace@ span_id=@span@",
	"traceparent: 00-@trace@-@span@-01", "X-Amzn-Trace-Id: Root=1-6651a3f0-@aws@;Sampled=1", "1-6651a3f0-a1b2c3d4e5f60718293a4b5c", "instance i-@aws@ is unhealthy", "vol-@aws@ attached to i-@aws@",
	"subnet-@aws@ sg-@aws@ vpc-@aws@", "eni-@aws@", "arn:aws:ecs:eu-west-1:123456789012:task/shop/@trace@", "arn:aws:lambda:eu-west-1:123456789012:function:checkout:42",
	"arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf", "arn:aws:iam::123456789012:role/checkout-task", "arn:aws:kms:eu-west-1:123456789012:key/@uuid@", "key-id @uuid@", "kms key alias/shop",
	"arn:aws:states:eu-west-1:123456789012:execution:shop:inv-@trace@", "messageId @uuid@", "deployment ecs-svc/4402817736609912045", "user_id=@num@", "order @num@ placed", "ticket INC0010456",
	"pod checkout-7d9f8b6c5d-x2x9k restarted", "replicaset checkout-6bcf9d7d4", "container_id=@sha256@", "job-@uuid@ finished", "session @uuid@ started", "evt_1Nabc2LkdIwHu7ix", "client_id=@uuid@", "tenant: @uuid@",
	"app_id=5512", "groupId: sg-@aws@", "Version-Id: @uuid@", "VersionId=@uuid@ of s3://bucket/key", "idempotency-key: @uuid@", "ClientRequestToken: @uuid@", "nextToken=eyJ2IjoxfQ", "nextToken: null", "continuation token is set",
	// what looks like a login and is none
	`login("admin", "dashboard")`, `checkAuth("orders-v2", "read:orders-v2")`, `credential("arn:aws:iam::123456789012:role/x", "eu-central-1")`, `BasicAuth("app", os.Getenv("APP_KEY_FILE"))`,
	"user/pass rate: 3 / 5", "pass/fail: 120 / 3", "credentials provider:ec2", "creds rotated: yes", "sqlplus / as sysdba", "htpasswd -c users app", "password for app: expired", "account/password: see the vault",
	"jdbc:oracle:thin:@//db:1521/shop", "pd_key: incident-checkout-5xx",
	// names, paths, places
	"s3://shop-artifacts/checkout/2026/06/01/build.zip", "secretsmanager:GetSecretValue is denied", "secret prod/shop/db was not found", "SecretId: prod/shop/db", "secretName: checkout-db", "/run/secrets/db_password",
	"password_file=/run/secrets/db", "PASSWORD_FILE: /etc/app/password.txt", "tokenUrl: https://login.example.com/oauth2/token", "POST /oauth/token 200 12ms", "GET /v1/secrets 403", "service token-exchange is down",
	"secrets-store-csi-driver restarted", "password-service: 5 errors", "key-rotation-job completed", "kubectl get secret checkout-db", "vault kv get secret/shop/db", "api-keys table is throttled", "KeyError: 'token'",
	"auth-service p99 1.2s", "cookie-banner deployed", "credential provider chain: env, profile, imds", "session-store: redis-7", "com.example.auth.TokenService.refresh(TokenService.java:88)", "private-key-manager.internal", "secret-santa.example.com",
	"https://docs.example.com/howto/reset-password?lang=en", "https://example.com/a?page=2&sort=name&size=100", "http://10.0.12.7:8080/health", "postgres://db.internal:5432/shop", "redis://cache.internal:6379/0",
	"jdbc:postgresql://db.internal:5432/shop?sslmode=require", "mongodb://mongo-0.mongo:27017/?replicaSet=rs0", "amqp://mq.internal:5672", "ssh git@github.com:shop/checkout.git", "mailto:oncall@example.com",
	// prose and settings
	"password reset mail sent to customer @num@", "the password was changed by the user", "invalid password", "password authentication failed for user \"app\"", "password must have 12 characters", "token expired at 2026-06-01T12:00:00Z",
	"token count 4096", "max_tokens=4096", "max_tokens: 4096, temperature: 0.2", "prompt_tokens=812 completion_tokens=64 total_tokens=876", "token_bucket_capacity: 500", "tokens_per_minute=120000", "token_type=bearer",
	"token: invalid", "access_token is missing", "authentication failed: bad credentials", "Authorization header missing", "Authorization: required", "secret rotation succeeded", "the secret of good coffee", "no secrets here", "secret: true",
	"password: ${DB_PASSWORD}", "password: {{ .Values.db.password }}", "DB_PASSWORD=$DB_PASSWORD", "api_key: <your-api-key>", "api_key=YOUR_API_KEY_HERE", "password=********", "token=[REDACTED]", "password: null", "secret: \"\"",
	"token=xxxxxxxxxxxx", "password = os.Getenv(\"DB_PASSWORD\")", "apiKey: process.env.API_KEY", "password: !Ref DbPassword", "passwordPolicy: strong", "password_length=16", "password_min_length: 12", "secret_count=3", "api_key_id=ak-billing", "keyspace=orders",
	"key: value", "keys: 12", "monkey=banana", "keyboard layout de", "sort_key=created_at", "primary key (id)", "foreign key constraint fails", "public_key=ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFakeFakeFakeFakeFakeFakeFakeFakeFakeFakeFake lena@laptop",
	"-----BEGIN CERTIFICATE-----\n@cert@\n-----END CERTIFICATE-----", "-----BEGIN PUBLIC KEY-----\n@cert@\n-----END PUBLIC KEY-----", "SHA256:@b64sum@ lena@laptop (ED25519)", "certificate fingerprint AB:CD:EF:01:23:45:67:89", "serial 04:a1:b2:c3",
	// figures, times, versions
	"2026-06-01T12:00:00.123Z INFO started in 4.2s", "1780315200", "1780315200123", "v1.24.3-rc.1+build.77", "go1.26.0 linux/arm64", "checkout:v88", "task definition checkout:42", "10.0.0.0/16", "fd00::1/64", "192.168.1.1:443",
	"p99=1.204s p50=0.120s", "HTTPCode_Target_5XX_Count 148", "AWS/ApplicationELB TargetResponseTime p99", "CPUUtilization=97.3%", "heap 512MiB of 1GiB", "DB_POOL_MAX=5", "TIMEOUT=30s", "LOG_LEVEL=debug", "replicas: 3", "exit code 137",
	"data: @text64@", "attachment @text64@", `{"cursor":"@text64@"}`, "ConnectionPoolTimeoutException: no connection within 5000 ms", "SQLSTATE 53300: remaining connection slots are reserved", "ERR_TOO_MANY_REDIRECTS", "status=AUTH_REQUIRED",
	"NoSuchKey: The specified key does not exist", "AccessDeniedException: not authorized to perform dynamodb:PutItem", "ThrottlingException: Rate exceeded", "x509: certificate signed by unknown authority", "jwt expired", "csrf check failed", "pin 12 of connector J3",
}
