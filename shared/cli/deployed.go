package cli

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/firefinder/firefinder/shared/approval"
	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/aws/dynamo"
	"github.com/firefinder/firefinder/shared/aws/profile"
	"github.com/firefinder/firefinder/shared/aws/s3"
	"github.com/firefinder/firefinder/shared/console"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/tell"
)

// readDeployed answers a GET from a deployed space's table and bucket, with the credentials of whoever runs the command: the
// console's handler runs here, so that the answer is the one that the console gives.
func (p place) readDeployed(ctx context.Context, path string, out any) error {
	if p.bucket == "" {
		return incident.Errorf(incident.Invalid, "--table needs --bucket: both are outputs of the space's stack (aws cloudformation describe-stacks --stack-name Firefinder-SPACE)")
	}
	cfg, err := profile.Load(ctx, aws.Options{})
	if err != nil {
		return err
	}
	store, docs, log := dynamo.New(cfg, p.table), s3.New(cfg, p.bucket), slog.New(slog.DiscardHandler)
	if _, err := store.Get(ctx, kv.Key{PK: "HEALTH", SK: "HEALTH"}); present(err) != nil {
		return err // the handler would keep from a reader of its pages what is wrong with credentials or table
	}
	reports := tell.New(tell.Deps{Store: store, Blob: docs, Approvals: approval.New(approval.Deps{Store: store, Blob: docs}), Now: time.Now, Log: log})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	answered := httptest.NewRecorder()
	console.Handler(console.Deps{Store: store, Blob: docs, Reports: reports, Now: time.Now, Log: log}).ServeHTTP(answered, req)
	return answer(answered.Result(), out)
}
