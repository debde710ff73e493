package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
)

// storm is a number of distinct alarms, each with its event, its body and the id of its decision.
type storm struct {
	bodies [][]byte
	number map[string]int // event id -> which alarm
}

// vendor stands for the alarm's own document, which travels with the event.
const vendor = `{"alarmName":"%s-5xx-%d","state":{"value":"ALARM","reason":"Threshold Crossed: 3 out of the last 3 datapoints were greater than the threshold (5.0).",` +
	`"timestamp":"%s"},"previousState":{"value":"OK"},"configuration":{"metrics":[{"id":"m1","metricStat":{"metric":{"namespace":"AWS/ApplicationELB",` +
	`"name":"HTTPCode_Target_5XX_Count","dimensions":{"TargetGroup":"targetgroup/%s/%d"}},"period":60,"stat":"Sum"},"returnData":true}]}}`

// newStorm makes alarms over services, spread over a span of event time.
func newStorm(n, services int, began time.Time, span time.Duration) (storm, error) {
	s := storm{number: make(map[string]int, n)}
	for i := range n {
		service, at := fmt.Sprintf("service-%02d", i%services), began.Add(time.Duration(i)*span/time.Duration(n))
		e := incident.Event{
			EventType: incident.EventType, IncidentID: fmt.Sprintf("%s-5xx-%d", service, i), Action: incident.Created, Priority: incident.High,
			Title: fmt.Sprintf("%s answers 5xx (target %d)", service, i), Description: "more than 5 a minute, 3 minutes in a row", Service: service,
			Timestamp: at, Data: json.RawMessage(fmt.Sprintf(vendor, service, i, at.UTC().Format(time.RFC3339Nano), service, i)),
			Type: "alarm", Source: "cloudwatch", Account: "123456789012", Region: "eu-central-1",
			Rule:       fmt.Sprintf("arn:aws:cloudwatch:eu-central-1:123456789012:alarm:%s-5xx-%d", service, i),
			Dimensions: map[string]string{"TargetGroup": fmt.Sprintf("targetgroup/%s/%d", service, i)}, Metric: "HTTPCode_Target_5XX_Count",
		}.Normalise(at)
		body, err := json.Marshal(e)
		if err != nil {
			return s, err
		}
		s.bodies = append(s.bodies, body)
		s.number[e.EventID()] = i
	}
	return s, nil
}

// space names the services; no two depend on each other, so that no alarm of one is linked to another's for that.
func space(services int) config.Space {
	s := config.Space{Name: "storm", Sources: []config.Source{{Kind: "generic", Secret: "hook"}}}
	s.Budget.Concurrent = 5
	for i := range services {
		s.Services = append(s.Services, config.Service{Name: fmt.Sprintf("service-%02d", i)})
	}
	return s
}
