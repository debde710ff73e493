package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
)

const (
	api        = "https://slack.com/api"
	answerTime = 10 * time.Second
	answerSize = 4 << 20
)

// client calls Slack's Web API.
type client struct {
	base  string
	token func(ctx context.Context) (string, error)
	http  *http.Client
}

// answer is what all methods return.
type answer struct {
	OK       bool   `json:"ok"`
	Error    string `json:"error"`
	Needed   string `json:"needed"` // scope that is missing
	Channel  string `json:"channel"`
	TS       string `json:"ts"`
	Messages []struct {
		TS       string   `json:"ts"`
		Metadata metadata `json:"metadata"`
	} `json:"messages"`
}

// metadata rides on a message, unseen by people: our marker.
type metadata struct {
	Type    string            `json:"event_type"`
	Payload map[string]string `json:"event_payload"`
}

// post calls a method with a JSON body, get one with query parameters.
func (c client) post(ctx context.Context, method string, body any) (answer, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return answer{}, err
	}
	return c.call(ctx, http.MethodPost, method, "", bytes.NewReader(data))
}

func (c client) get(ctx context.Context, method string, params url.Values) (answer, error) {
	return c.call(ctx, http.MethodGet, method, "?"+params.Encode(), nil)
}

func (c client) call(ctx context.Context, verb, method, query string, body io.Reader) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, verb, c.base+"/"+method+query, body)
	if err != nil {
		return answer{}, incident.Errorf(incident.Invalid, "Slack %s: %w", method, err)
	}
	token, err := c.token(ctx)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if body != nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if u, ok := err.(*url.Error); ok {
			err = u.Err
		}
		return answer{}, incident.Errorf(incident.Unavailable, "Slack %s: no answer: %w", method, err)
	}
	defer resp.Body.Close()
	return decode(resp, method)
}

func decode(resp *http.Response, method string) (answer, error) {
	if resp.StatusCode == http.StatusTooManyRequests {
		seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
		return answer{}, incident.Errorf(incident.Throttled, "Slack %s: too many messages; again after %d s", method, seconds)
	}
	if resp.StatusCode != http.StatusOK {
		return answer{}, incident.Errorf(incident.Unavailable, "Slack %s: status %d", method, resp.StatusCode)
	}
	var a answer
	if err := json.NewDecoder(io.LimitReader(resp.Body, answerSize)).Decode(&a); err != nil {
		return a, incident.Errorf(incident.Unavailable, "Slack %s: the answer was cut off: %w", method, err)
	}
	if a.OK {
		return a, nil
	}
	return a, refusal(method, a)
}

// refusal maps Slack's error words to classes, with what to do.
func refusal(method string, a answer) error {
	switch a.Error {
	case "ratelimited", "rate_limited":
		return incident.Errorf(incident.Throttled, "Slack %s: too many messages", method)
	case "internal_error", "fatal_error", "service_unavailable", "request_timeout":
		return incident.Errorf(incident.Unavailable, "Slack %s: %s", method, a.Error)
	case "missing_scope":
		return incident.Errorf(incident.Denied, "Slack %s: the app lacks the scope %s; add it and reinstall the app", method, a.Needed)
	case "not_in_channel", "channel_not_found", "is_archived":
		return incident.Errorf(incident.Denied, "Slack %s: %s; invite the app to the channel named in notify.slack.channel", method, a.Error)
	}
	if strings.Contains(a.Error, "auth") || strings.HasPrefix(a.Error, "token") || a.Error == "account_inactive" {
		return incident.Errorf(incident.Denied, "Slack %s: %s; renew the token in the space's Slack secret", method, a.Error)
	}
	return incident.Errorf(incident.Invalid, "Slack %s: %s", method, a.Error)
}
