// Package approval asks people for one decision on one exact plan and hands it to the waiting workflow.
//
// The plan's canonical JSON is what is approved: its SHA-256 is the plan's name, everything shown is decoded from those
// bytes, and a vote names the hash that its author saw. Decide is the pure rule; Service is the protocol around it: one
// conditional commit decides and writes an outbox item, the workflow is resumed after the commit, and whatever a crash
// leaves behind Sweep finishes. Expiry, doubt and failure are never approval.
//
//	APPROVAL#<id>   META     the approval
//	APPROVAL#<id>   TOKEN    the task token, sealed; gone once the workflow was told
//	APPROVAL#<id>   OUTBOX   present while a decision has not reached the workflow
//	APPROVALS       <id>     present until the approval is decided and the workflow told
package approval
