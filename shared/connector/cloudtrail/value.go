package cloudtrail

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/firefinder/firefinder/shared/evidence"
)

// hidden stands for what CloudTrail itself did not record.
const hidden = "hidden by CloudTrail"

var (
	number = regexp.MustCompile(`^-?[0-9]{1,12}(\.[0-9]{1,9})?$`) // longer ones are no settings
	truth  = regexp.MustCompile(`^(?i:true|false|on|off|yes|no|enabled|disabled)$`)
	masked = regexp.MustCompile(`^(?:\*{3,}|HIDDEN_DUE_TO_SECURITY_REASONS|<?sensitiveDataRemoved>?|REDACTED)$`)
	word   = regexp.MustCompile(`^[A-Za-z0-9_/$][A-Za-z0-9_.:/@+=,$-]{0,199}$`)
	field  = regexp.MustCompile(`^[A-Za-z0-9_/][A-Za-z0-9_./-]{0,99}$`)
	secret = regexp.MustCompile(`(?i)(passw(or)?ds?|passphrase|passcode|secrets?|credentials?|otp|token|pin|key)([._-]?([0-9]{1,4}|code|value))?$`) // a number here may be one
)

// harmless are fields of requests whose texts name or choose something and can hold no secret. Everything that is not
// here, and every environment variable, leaves as a digest.
var harmless = set(`
	cluster clustername service servicename taskdefinition family launchtype platformversion networkmode schedulingstrategy availabilityzonerebalancing
	containerdefinitions.image containerdefinitions.name deploymentcontroller.type
	functionname functionversion runtime handler packagetype architectures imageuri qualifier
	tablename billingmode tableclass indexname
	dbinstanceidentifier dbclusteridentifier dbinstanceclass dbparametergroupname dbclusterparametergroupname engine engineversion storagetype preferredmaintenancewindow
	cacheclusterid replicationgroupid cachenodetype cacheparametergroupname
	resourceid scalabledimension servicenamespace policyname policytype autoscalinggroupname launchtemplate.launchtemplatename launchtemplate.version
	stackname changesetname applicationname applicationid environmentname environmentid versionlabel deploymentgroupname deploymentconfigname configurationprofileid
	targetgrouparn loadbalancerarn listenerarn rulearn healthcheckpath healthcheckprotocol healthcheckport protocol
	groupid ippermissions.ipprotocol ippermissions.ipranges.cidrip ippermissions.groups.groupid ipprotocol cidrip
	instanceid instancetype nodegroupname status type tier queueurl queuename topicarn streamname bucketname`)

// shown is what leaves of a value.
func (l leaf) shown() string {
	switch {
	case l.masked():
		return hidden
	case number.MatchString(l.text) && !secret.MatchString(l.path), truth.MatchString(l.text):
		return l.text
	case !l.named && harmless[l.shape] && word.MatchString(l.text):
		return l.text
	}
	return digest(l.text)
}

// masked reports whether CloudTrail left the value out, so that nobody can tell whether it changed.
func (l leaf) masked() bool { return masked.MatchString(l.text) }

// plain is a name from a document when it looks like one, and nothing when it could be anything.
func plain(text string) string {
	if word.MatchString(text) {
		return text
	}
	return ""
}

// key is the name of a field or of an environment variable. Names leave; what does not look like one does not.
func key(name string) string {
	if field.MatchString(name) {
		return name
	}
	return digest(name)
}

// digest shows that a text is the same or another, and not what it is.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:])[:12]
}

var digests = regexp.MustCompile(`\bsha256:[0-9a-f]{12}\b`)

// seal puts a key into the digests of changes, without which nobody can try guesses against them: a weak password would
// not need many. What was the same stays the same.
func seal(changes []evidence.Change, key []byte) {
	under := func(text string) string {
		return digests.ReplaceAllStringFunc(text, func(d string) string {
			sum := hmac.New(sha256.New, key)
			sum.Write([]byte(d))
			return "hash:" + hex.EncodeToString(sum.Sum(nil))[:12]
		})
	}
	for i := range changes {
		c := &changes[i]
		c.Title = under(c.Title)
		for j, p := range c.Parameters {
			c.Parameters[j] = evidence.Parameter{Name: under(p.Name), Old: under(p.Old), New: under(p.New)}
		}
		for name, value := range c.Tags {
			c.Tags[name] = under(value)
		}
	}
}

// last is what follows the last slash: the name in an ARN, a URL or a path.
func last(text string) string { return text[strings.LastIndexByte(text, '/')+1:] }
