package cloudtrail

import (
	"regexp"
	"slices"
	"strings"
)

// Kinds of changes, as the engine knows them.
const (
	deployment     = "deployment"
	configuration  = "config"
	scaling        = "scaling"
	infrastructure = "infrastructure"
)

// operation is one that ships, configures or scales software.
type operation struct {
	api  string // of eventSource, without its domain
	name string // as CloudTrail records it
	kind string
	find bool // it is looked for by name where not everything can be read
}

// operations are in the order in which they are looked for: what most often breaks things first. What stands in no row
// is infrastructure.
var operations = []operation{
	{"ecs", "UpdateService", deployment, true}, // or scaling, or configuration: see record.kind
	{"ecs", "RegisterTaskDefinition", deployment, true},
	{"codedeploy", "CreateDeployment", deployment, true},
	{"apigateway", "CreateDeployment", deployment, false},
	{"lambda", "UpdateFunctionCode20150331v2", deployment, true},
	{"lambda", "UpdateFunctionConfiguration20150331v2", configuration, true},
	{"lambda", "UpdateAlias20150331", deployment, true},
	{"cloudformation", "UpdateStack", deployment, true},
	{"cloudformation", "ExecuteChangeSet", deployment, true},
	{"rds", "ModifyDBInstance", configuration, true},
	{"rds", "ModifyDBParameterGroup", configuration, true},
	{"rds", "ModifyDBCluster", configuration, true},
	{"dynamodb", "UpdateTable", configuration, true}, // or scaling
	{"appconfig", "StartDeployment", configuration, true},
	{"apprunner", "StartDeployment", deployment, false},
	{"amplify", "StartDeployment", deployment, false},
	{"ssm", "PutParameter", configuration, true},
	{"secretsmanager", "PutSecretValue", configuration, true},
	{"secretsmanager", "UpdateSecret", configuration, true},
	{"autoscaling", "UpdateAutoScalingGroup", scaling, true},
	{"autoscaling", "PutScalingPolicy", scaling, true},
	{"application-autoscaling", "PutScalingPolicy", scaling, false},
	{"application-autoscaling", "RegisterScalableTarget", scaling, true},
	{"ec2", "AuthorizeSecurityGroupIngress", infrastructure, true},
	{"ec2", "RevokeSecurityGroupIngress", infrastructure, true},
	{"ec2", "RevokeSecurityGroupEgress", infrastructure, true},
	{"elasticloadbalancing", "ModifyTargetGroup", configuration, true},
	{"elasticloadbalancing", "ModifyListener", configuration, true},
	{"elasticloadbalancing", "ModifyRule", configuration, true},
	{"sqs", "SetQueueAttributes", configuration, true},
	{"lambda", "PutFunctionConcurrency20171031", scaling, true},
	{"lambda", "PublishVersion20150331", deployment, true},
	{"eks", "UpdateNodegroupConfig", scaling, true},
	{"elasticache", "ModifyReplicationGroup", configuration, true},
	{"elasticache", "ModifyCacheParameterGroup", configuration, true},
	{"elasticbeanstalk", "UpdateEnvironment", deployment, true},
	{"states", "UpdateStateMachine", deployment, true},

	{"apprunner", "UpdateService", deployment, false},
	{"autoscaling", "SetDesiredCapacity", scaling, false},
	{"autoscaling", "StartInstanceRefresh", deployment, false},
	{"cloudformation", "CreateStack", deployment, false},
	{"cloudfront", "UpdateDistribution", configuration, false},
	{"ecs", "CreateService", deployment, false},
	{"elasticache", "ModifyCacheCluster", configuration, false},
	{"elasticloadbalancing", "ModifyLoadBalancerAttributes", configuration, false},
	{"elasticloadbalancing", "ModifyTargetGroupAttributes", configuration, false},
	{"kinesis", "UpdateShardCount", scaling, false},
	{"lambda", "CreateFunction20150331", deployment, false},
	{"lambda", "DeleteFunctionConcurrency20171031", scaling, false},
	{"lambda", "PutProvisionedConcurrencyConfig", scaling, false},
	{"lambda", "UpdateEventSourceMapping20150331", configuration, false},
	{"rds", "ModifyDBClusterParameterGroup", configuration, false},
	{"rds", "RebootDBInstance", configuration, false},
	{"sagemaker", "UpdateEndpoint", deployment, false},
	{"secretsmanager", "RotateSecret", configuration, false},
	{"ssm", "DeleteParameter", configuration, false},
	{"wafv2", "UpdateWebACL", configuration, false},
}

// lookups are the names that older events are looked for by, in order.
var lookups = func() []string {
	var out []string
	for _, o := range operations {
		if o.find && !slices.Contains(out, o.name) {
			out = append(out, o.name)
		}
	}
	return out
}()

// apiVersion is what CloudTrail adds to the names of Lambda's operations.
var apiVersion = regexp.MustCompile(`20[0-9]{6}(v[0-9]+)?$`)

func action(name string) string { return apiVersion.ReplaceAllString(name, "") }

// kind is what the change is to the engine. An operation that can do several things is told by what it was asked.
func (r record) kind() string {
	switch {
	case r.is("ecs", "UpdateService") && !r.asks("taskDefinition", "forceNewDeployment"):
		if r.asks("desiredCount") {
			return scaling
		}
		return configuration
	case r.is("dynamodb", "UpdateTable") && r.asks("provisionedThroughput", "billingMode"):
		return scaling
	}
	for _, o := range operations {
		if r.is(o.api, action(o.name)) {
			return o.kind
		}
	}
	if strings.HasSuffix(r.api, "autoscaling") || strings.HasSuffix(r.by, "autoscaling.amazonaws.com") {
		return scaling
	}
	return infrastructure
}

func (r record) is(api, action string) bool { return r.api == api && r.action == action }

// asks reports whether the request has one of the fields.
func (r record) asks(fields ...string) bool {
	return slices.ContainsFunc(fields, func(f string) bool { return r.request[f] != nil })
}
