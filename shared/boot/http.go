package boot

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// HTTP fits an http.Handler to an API Gateway HTTP API (payload format 2.0). The body reaches the handler as the bytes
// that were sent, also when API Gateway delivers it in base64; a body that claims to be base64 and is not gets 400.
func HTTP(handler http.Handler) func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	return func(ctx context.Context, in events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		req, err := request(ctx, in)
		if err != nil {
			return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusBadRequest}, nil
		}
		w := &responseWriter{header: http.Header{}}
		handler.ServeHTTP(w, req)
		return w.response(), nil
	}
}

func request(ctx context.Context, in events.APIGatewayV2HTTPRequest) (*http.Request, error) {
	body := []byte(in.Body)
	if in.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(in.Body)
		if err != nil {
			return nil, err
		}
		body = decoded
	}
	path := in.RawPath
	if stage := in.RequestContext.Stage; stage != "" && stage != "$default" {
		path = strings.TrimPrefix(path, "/"+stage)
	}
	target := &url.URL{Path: path, RawQuery: in.RawQueryString}
	req, err := http.NewRequestWithContext(ctx, in.RequestContext.HTTP.Method, target.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, value := range in.Headers { // API Gateway joins repeated headers with a comma
		req.Header.Set(name, value)
	}
	for _, cookie := range in.Cookies {
		req.Header.Add("Cookie", cookie)
	}
	req.Host = in.RequestContext.DomainName
	req.RemoteAddr = in.RequestContext.HTTP.SourceIP
	req.RequestURI = target.RequestURI()
	return req, nil
}

// responseWriter collects a response.
type responseWriter struct {
	header http.Header
	status int
	body   bytes.Buffer
}

var _ io.Writer = (*responseWriter)(nil)

func (w *responseWriter) Header() http.Header { return w.header }

func (w *responseWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *responseWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

func (w *responseWriter) response() events.APIGatewayV2HTTPResponse {
	w.WriteHeader(http.StatusOK)
	out := events.APIGatewayV2HTTPResponse{StatusCode: w.status, Headers: map[string]string{}}
	for name, values := range w.header {
		if name == "Set-Cookie" {
			out.Cookies = values
			continue
		}
		out.Headers[name] = strings.Join(values, ",")
	}
	if text(w.header.Get("Content-Type")) {
		out.Body = w.body.String()
	} else {
		out.Body, out.IsBase64Encoded = base64.StdEncoding.EncodeToString(w.body.Bytes()), true
	}
	return out
}

func text(contentType string) bool {
	return contentType == "" || strings.HasPrefix(contentType, "text/") || strings.Contains(contentType, "json") || strings.Contains(contentType, "javascript") || strings.Contains(contentType, "svg")
}
