package triage

import "github.com/firefinder/firefinder/shared/incident"

// The named reasons of decisions. The same words appear in logs, metrics, ticket, console and CLI.
const (
	NoOpenWindow     incident.ReasonName = "no_open_window"  // nothing open near this time
	BelowThreshold   incident.ReasonName = "below_threshold" // open windows exist, none fits well enough
	AboveThreshold   incident.ReasonName = "above_threshold" // the best window fits
	SkipRule         incident.ReasonName = "skip_rule"       // a rule of an active skill
	Recovery         incident.ReasonName = "recovery"        // the alarm went back to normal
	NothingToRecover incident.ReasonName = "nothing_to_recover"
	AlreadyRecovered incident.ReasonName = "already_recovered" // a newer state of the same alarm is known
	ReFire           incident.ReasonName = "re_fire"           // fired again after a recovery
	FollowUp         incident.ReasonName = "follow_up"         // opens a successor of an earlier investigation
	Continuation     incident.ReasonName = "continuation"      // the outage goes on after its first window
	Explained        incident.ReasonName = "explained"         // a finished investigation's cause explains it
	NotExplained     incident.ReasonName = "not_explained"     // a finished investigation's cause does not explain it
	Ended            incident.ReasonName = "ended"             // the fitting investigation takes no more alarms
	Storm            incident.ReasonName = "storm"             // too many windows in a short time
	RuleError        incident.ReasonName = "rule_error"        // a skip rule could not be evaluated; it does not skip
)

// The features that make up a link score.
const (
	SameService    incident.ReasonName = "same_service"
	SharedResource incident.ReasonName = "shared_resource"
	Neighbour      incident.ReasonName = "neighbour"
	SecondHop      incident.ReasonName = "second_hop"
	SameAccount    incident.ReasonName = "same_account"
	SameRegion     incident.ReasonName = "same_region"
	OtherAccount   incident.ReasonName = "other_account"
	OtherRegion    incident.ReasonName = "other_region"
	CloseInTime    incident.ReasonName = "close_in_time"
)

// Weights of the features, and the threshold from which an alarm is linked. Of the four that compare components only the
// heaviest counts. They are chosen so that a component relation is always needed (everything else together stays below
// the threshold), that the same service in another account is never linked, and that a neighbour is linked over the whole
// window when account and region are known to agree, and within five minutes when they are not known. docs/triage.md works
// them through.
const (
	weightService      = 0.60
	weightResource     = 0.50
	weightNeighbour    = 0.45
	weightSecondHop    = 0.30
	weightAccount      = 0.10
	weightRegion       = 0.10
	weightOtherAccount = -0.40
	weightOtherRegion  = -0.20
	weightTime         = 0.20 // at the same moment; falls to 0 at the end of the window

	// Threshold is the score from which an alarm joins a window.
	Threshold = 0.60
)

// shared are dimensions that many unrelated resources have in common: to agree in one of them relates nothing.
var shared = map[string]bool{
	"AvailabilityZone": true, "CacheNodeId": true, "ClusterName": true, "Cluster": true, "Currency": true, "Environment": true, "environment": true,
	"env": true, "EngineName": true, "InstanceType": true, "Namespace": true, "namespace": true, "Method": true, "Operation": true,
	"OperationType": true, "Role": true, "Stage": true, "StorageClass": true, "StorageType": true, "severity": true, "job": true,
	"cluster": true, "container": true, "datasource_uid": true, "endpoint": true, "monitor": true, "priority": true, "prometheus": true, "ref_id": true,
	"region": true, "replica": true, "rulename": true, "stage": true, "team": true, "tier": true, // labels of Prometheus and Grafana
}
