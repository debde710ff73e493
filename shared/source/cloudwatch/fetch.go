package cloudwatch

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
)

// Pages is the Fetcher over the network: TLS with verified certificates, no redirects, 3 seconds, 64 KiB.
type Pages struct{ client *http.Client }

// NewPages makes one.
func NewPages() Pages {
	return Pages{&http.Client{
		Timeout:       3 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

const maxPage = 64 << 10

// Fetch implements Fetcher.
func (p Pages) Fetch(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, incident.Errorf(incident.Invalid, "fetch a page of SNS: malformed address")
	}
	res, err := p.client.Do(req)
	if err != nil {
		return nil, incident.Errorf(incident.Unavailable, "fetch a page of SNS: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, incident.Errorf(incident.Unavailable, "fetch a page of SNS: status %d", res.StatusCode)
	}
	page, err := io.ReadAll(io.LimitReader(res.Body, maxPage))
	if err != nil {
		return nil, incident.Errorf(incident.Unavailable, "fetch a page of SNS: %w", err)
	}
	return page, nil
}
