// Package shared is the house: everything that Firefinder's programs are made of. It is what other projects call
// internal: there is no API promise outside this repository. This comment is a tour from the ground up; imports go down
// the house, never up, and test/arch holds the floors and says why.
//
// # The ground: words and ports
//
//	incident     the domain: events, alarms, decisions, investigations, conclusions, plans, approvals; standard library only
//	llm          the port to models, shaped like Bedrock's Converse, with a scripted model for tests in llmtest
//	redact       takes secrets out of text and JSON
//	config       the Agent Space file, read strictly, and secrets that do not print
//	kv           the storage port: conditional commits, all or nothing; kvtest is the law for every store
//	blob         the port for large documents, addressed by their hash
//	queue        the port to at-least-once queues
//
// Beside this folder on the same floor: skills (the library of runbooks) and events (sample deliveries, scenarios).
//
// # The first floor: what is decided and what is kept
//
//	evidence     finds causes without a model: onsets, patterns, changes, topology, a ranked and cited brief; pure
//	triage       decides what an alarm means, and commits the decision so that nothing is lost or doubled
//	skill        reads skills: rules for triage, hints, mitigation blocks
//	source       hears: takes deliveries over HTTP, verifies who sent them, puts their events on the queue
//	tool         the typed, read-only functions that look, and the box that redacts, caps and counts what they find
//	journal      the append-only, hash-chained record of one investigation
//	record       investigations and their alarms as stored items
//	budget       what an investigation may spend, and the ledger of what it did
//	report       one rendering for all channels: Markdown, HTML, JSON
//	deliver      the rules of telling: each notice once, redacted, with the record of what was sent
//	approval     one decision by people on one exact plan, and the way back into the waiting workflow
//	workflow     the state machine's file, and walk, which interprets it in one process
//
// # The second floor: work, and the members of the families
//
//	investigate  the investigation: collect, analyse, look further turn by turn, check what was concluded, plan
//	llm/analyst  the offline model: answers from the brief alone
//	source/...   one package a vendor that is heard, and their catalogue
//	connector    looks: one package a place that telemetry is read from
//	deliver/...  one package a channel, and their catalogue
//	tell         the deliver step: gathers what there is to say, tells it, closes the investigation
//	console      the pages: investigations, one investigation, the approval
//	aws          the adapters, one package a service; the AWS SDK is imported here and in the AWS connectors, nowhere else
//	boot         cold start, and the seams that fit steps, batches and pages to Lambda
//
// # The third floor
//
//	embedded     a whole Agent Space in one process, over adapters for one machine
//
// # The fourth floor
//
//	cli          the command line, one file a command
//
// On the roof stand the programs: one folder of functions for each Lambda function, cmd/firefinder for the command line,
// infra for the deployment. They wire and start; nothing imports them.
//
// To follow an alarm through the house, read functions/signer, source.Handler, triage.Service.Handle,
// investigate.Service.Advance and Conclude, tell, investigate.Service.Plan, approval.Service, in this order. Families
// (source, connector, deliver) look alike: a new member is a copy of its neighbour's shape and one line in the catalogue.
package shared
