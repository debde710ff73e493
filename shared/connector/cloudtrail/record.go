package cloudtrail

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

// maxDocument is the largest document that is read, in bytes; CloudTrail's own limit for a record is 256 KB.
const maxDocument = 512 << 10

// record is one recorded call that changed something: the parts of its document that are read.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
type record struct {
	id        string
	time      time.Time
	operation string // as recorded
	action    string // without the API's version
	api       string // ecs, rds, ...
	region    string
	account   string
	author    string
	by        string // service that made the call, for itself or for somebody

	serviceMade bool // by a service for itself
	request     map[string]any
	response    map[string]any
	resources   []string
	leaves      []leaf // of request
}

// recordsOf reads events. Calls that failed and housekeeping are left out; unread is how many are known by name only.
func recordsOf(events []types.Event) (out []record, unread int) {
	for _, e := range events {
		r := record{id: sdk.ToString(e.EventId), time: e.EventTime.UTC(), operation: plain(sdk.ToString(e.EventName)), author: plain(sdk.ToString(e.Username))}
		r.api = strings.TrimSuffix(plain(sdk.ToString(e.EventSource)), ".amazonaws.com")
		r.action = action(r.operation)
		for _, res := range e.Resources {
			r.resources = append(r.resources, sdk.ToString(res.ResourceName))
		}
		failed, ok := r.decode(sdk.ToString(e.CloudTrailEvent))
		if failed || isHousekeeping(r) {
			continue
		}
		if !ok {
			unread++
		}
		out = append(out, r)
	}
	return out, unread
}

// decode reads the document. A document that is none leaves the record with what the event itself says.
func (r *record) decode(text string) (failed, ok bool) {
	if len(text) > maxDocument {
		return false, false
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.UseNumber()
	var doc map[string]any
	if dec.Decode(&doc) != nil || doc == nil {
		return false, false
	}
	if at(doc, "errorCode") != "" {
		return true, true
	}
	r.region, r.account, r.by = plain(at(doc, "awsRegion")), plain(at(doc, "recipientAccountId")), plain(at(doc, "userIdentity", "invokedBy"))
	who, _ := doc["userIdentity"].(map[string]any)
	if name := authorOf(who); name != "" {
		r.author = name
	}
	r.serviceMade = at(who, "type") == "AWSService" || strings.Contains(at(who, "sessionContext", "sessionIssuer", "arn"), ":role/aws-service-role/") ||
		r.by != "" && r.by != "cloudformation.amazonaws.com"
	r.request, _ = doc["requestParameters"].(map[string]any)
	r.response, _ = doc["responseElements"].(map[string]any)
	r.leaves = leavesOf(r.request)
	return false, true
}

// authorOf is the person, the role and its session, or the service that made a call.
func authorOf(who map[string]any) string {
	issuer, session := at(who, "sessionContext", "sessionIssuer", "userName"), ""
	if arn := at(who, "arn"); strings.Contains(arn, ":assumed-role/") {
		session = arn[strings.LastIndexByte(arn, '/')+1:]
	}
	switch {
	case at(who, "type") == "Root":
		return "root"
	case at(who, "userName") != "":
		return plain(at(who, "userName"))
	case issuer != "" && session != "":
		return plain(issuer + "/" + session)
	case issuer != "":
		return plain(issuer)
	}
	return plain(at(who, "invokedBy"))
}

// at is the text at a path of a document, or "".
func at(doc map[string]any, path ...string) string {
	for _, name := range path[:len(path)-1] {
		doc, _ = doc[name].(map[string]any)
	}
	switch v := doc[path[len(path)-1]].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}
