package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
)

// addKeys makes two keys: one for what is stored, one for task tokens alone, so that a role that can read every record
// still cannot resume an execution.
func (p *parts) addKeys() {
	key := func(id, description string) awskms.Key {
		return awskms.NewKey(p.Stack, jsii.String(id), &awskms.KeyProps{
			Description: jsii.String(description), EnableKeyRotation: jsii.Bool(true), RemovalPolicy: awscdk.RemovalPolicy_RETAIN,
		})
	}
	p.dataKey = key("DataKey", "Firefinder "+p.space.Name+": table, documents, secrets")
	p.tokenKey = key("TokenKey", "Firefinder "+p.space.Name+": task tokens of waiting approvals")
	p.dataKey.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String("AlarmsToEncryptedTopic"),
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil)},
		Actions:    jsii.Strings("kms:Decrypt", "kms:GenerateDataKey"),
		Resources:  jsii.Strings("*"), // in a key policy: this key
		Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": p.Account()}},
	}), nil)
}

// addStore makes the table and the buckets. All outlive the stack: an investigation's record is not ours to delete.
func (p *parts) addStore() {
	p.table = awsdynamodb.NewTable(p.Stack, jsii.String("Table"), &awsdynamodb.TableProps{
		PartitionKey:                     &awsdynamodb.Attribute{Name: jsii.String("pk"), Type: awsdynamodb.AttributeType_STRING},
		SortKey:                          &awsdynamodb.Attribute{Name: jsii.String("sk"), Type: awsdynamodb.AttributeType_STRING},
		TimeToLiveAttribute:              jsii.String("ttl"),
		BillingMode:                      awsdynamodb.BillingMode_PAY_PER_REQUEST,
		Encryption:                       awsdynamodb.TableEncryption_CUSTOMER_MANAGED,
		EncryptionKey:                    p.dataKey,
		PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: jsii.Bool(true)},
		DeletionProtection:               jsii.Bool(true),
		RemovalPolicy:                    awscdk.RemovalPolicy_RETAIN,
	})
	logs := p.bucket("AccessLogs", &awss3.BucketProps{
		Encryption: awss3.BucketEncryption_S3_MANAGED, // log delivery cannot write under a customer key
		LifecycleRules: &[]*awss3.LifecycleRule{{
			Expiration: days(400), NoncurrentVersionExpiration: days(30), AbortIncompleteMultipartUploadAfter: days(7),
		}},
	})
	p.artifacts = p.bucket("Artifacts", p.documents(logs, "artifacts/"))
	if lock := p.space.Deploy.JournalLockDays; lock > 0 {
		props := p.documents(logs, "journal/")
		props.LifecycleRules = nil
		props.ObjectLockEnabled = jsii.Bool(true)
		props.ObjectLockDefaultRetention = awss3.ObjectLockRetention_Compliance(days(float64(lock)))
		p.journal = p.bucket("Journal", props)
	}
}

// documents are the properties of a bucket that functions write to.
func (p *parts) documents(logs awss3.Bucket, prefix string) *awss3.BucketProps {
	return &awss3.BucketProps{
		Encryption: awss3.BucketEncryption_KMS, EncryptionKey: p.dataKey, BucketKeyEnabled: jsii.Bool(true),
		ServerAccessLogsBucket: logs, ServerAccessLogsPrefix: jsii.String(prefix),
		LifecycleRules: &[]*awss3.LifecycleRule{{
			NoncurrentVersionExpiration: days(30), AbortIncompleteMultipartUploadAfter: days(7),
		}},
	}
}

// bucket adds what holds for every bucket: private, TLS only, versioned, kept.
func (p *parts) bucket(id string, props *awss3.BucketProps) awss3.Bucket {
	props.BlockPublicAccess = awss3.BlockPublicAccess_BLOCK_ALL()
	props.EnforceSSL = jsii.Bool(true)
	props.Versioned = jsii.Bool(true)
	props.RemovalPolicy = awscdk.RemovalPolicy_RETAIN
	return awss3.NewBucket(p.Stack, jsii.String(id), props)
}

func days(n float64) awscdk.Duration    { return awscdk.Duration_Days(jsii.Number(n)) }
func seconds(n float64) awscdk.Duration { return awscdk.Duration_Seconds(jsii.Number(n)) }
