package cloudtrail

import "strings"

// CloudTrail counts as writing much that changes no workload: sign-ins and sessions, data that goes in and out, keys that
// are used, agents that report, logs and queries. None of it can have broken anything.

// quiet are services whose every recorded call is of that sort.
var quiet = set(`signin sts sso sso-oauth sso-directory identitystore ssmmessages ec2messages support health trustedadvisor notifications
	securityhub inspector2 guardduty access-analyzer macie2 detective resource-explorer-2 tagging ce cur cloudshell q console`)

// housekeeping are operations of that sort, in whatever service.
var housekeeping = set(`
	CreateLogStream CreateLogGroup PutLogEvents StartQuery StopQuery StartLiveTail CreateExportTask TestMetricFilter PutMetricData
	StartQueryExecution StopQueryExecution StartTelemetrySession
	UpdateInstanceInformation PutInventory PutComplianceItems UpdateInstanceAssociationStatus RegisterManagedInstance StartSession ResumeSession TerminateSession
	SubmitTaskStateChange SubmitContainerStateChange SubmitAttachmentStateChanges DiscoverPollEndpoint Poll
	Decrypt Encrypt ReEncrypt GenerateDataKey GenerateDataKeyPair GenerateDataKeyWithoutPlaintext GenerateDataKeyPairWithoutPlaintext GenerateMac VerifyMac Sign Verify
	GenerateRandom CreateGrant RetireGrant
	SendMessage SendMessageBatch ReceiveMessage DeleteMessage DeleteMessageBatch ChangeMessageVisibility Publish PublishBatch PutEvents PutRecord PutRecords
	PutObject CopyObject DeleteObject DeleteObjects CreateMultipartUpload CompleteMultipartUpload AbortMultipartUpload UploadPart
	PutItem UpdateItem DeleteItem BatchWriteItem TransactWriteItems ExecuteStatement BatchExecuteStatement BeginTransaction CommitTransaction RollbackTransaction
	StartExecution StartSyncExecution StopExecution RedriveExecution SendTaskSuccess SendTaskFailure SendTaskHeartbeat
	Invoke InvokeFunction InvokeExecution InvokeModel InvokeModelWithResponseStream Converse ConverseStream InvokeEndpoint SendEmail SendRawEmail SendBulkEmail
	InitiateLayerUpload UploadLayerPart CompleteLayerUpload GetAuthorizationToken
	InitiateAuth AdminInitiateAuth RespondToAuthChallenge AdminRespondToAuthChallenge SignUp ConfirmSignUp ForgotPassword ConfirmForgotPassword RevokeToken GlobalSignOut
	PutEvaluations PutExternalEvaluation DeliverConfigSnapshot StartConfigRulesEvaluation BatchImportFindings
	GenerateCredentialReport GenerateServiceLastAccessedDetails SimulatePrincipalPolicy StartResourceScan DetectStackDrift DetectStackResourceDrift SharedSnapshotVolumeCreated`)

// byServices are operations that AWS services carry out to keep things running: a network interface for every task, targets
// that come and go, alarms of scaling policies. By a person, or by CloudFormation for one, they are changes.
var byServices = set(`
	CreateNetworkInterface DeleteNetworkInterface AttachNetworkInterface DetachNetworkInterface CreateNetworkInterfacePermission DeleteNetworkInterfacePermission
	ModifyNetworkInterfaceAttribute AssignPrivateIpAddresses UnassignPrivateIpAddresses
	RegisterTargets DeregisterTargets RegisterInstance DeregisterInstance PutMetricAlarm DeleteAlarms RunTask CreateTags DeleteTags TagResource UntagResource
	CreateSnapshot DeleteSnapshot CreateDBSnapshot DeleteDBSnapshot CreateDBClusterSnapshot DeleteDBClusterSnapshot PutRule PutTargets
	CreateManagedRule CreateServiceLinkedRole`)

// isHousekeeping reports whether a recorded call changes no workload.
func isHousekeeping(r record) bool {
	switch {
	case quiet[r.api], housekeeping[r.action]:
		return true
	case strings.HasPrefix(r.action, "AssumeRole"), r.action == "ConsoleLogin":
		return true
	}
	return byServices[r.action] && r.serviceMade
}

func set(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}
