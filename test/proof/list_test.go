package proof

// mutant is the source without one guard, and the test that must then fail.
type mutant struct {
	guard string
	file  string // from the root of the repository
	old   string // stands once in the file
	new   string
	pkg   string // where the test is; empty: the file's folder
	test  string
	short bool // also run with PROOF=short
}

// mutants are the guards, from the door to the start, and what tells one change from another. What races do without a guard is found by chance, so the tests of
// such guards repeat themselves. What another guard covers is not listed, as no test can miss it: that a batch's repeats
// are taken out first, that an alarm's history knows its events (both: an alarm is decided once).
var mutants = []mutant{
	// The signature.
	{guard: "a timestamp is old", file: "shared/source/sign/sign.go", old: "off > Tolerance ||", new: "false ||", test: "TestVerify", short: true},
	{guard: "a timestamp is ahead", file: "shared/source/sign/sign.go", old: "|| off < -Tolerance", new: "", test: "TestVerify"},
	{guard: "the grammar of timestamps", file: "shared/source/sign/sign.go", old: "err == nil && t.Format(layout) == s", new: "err == nil", test: "TestVerify"},
	{guard: "few signatures in a header", file: "shared/source/sign/sign.go", old: "len(values) > MaxValues", new: "false", test: "TestVerify"},
	{guard: "strict base64", file: "shared/source/sign/sign.go", old: "base64.StdEncoding.Strict().DecodeString(v)", new: "base64.StdEncoding.DecodeString(v)", test: "TestVerify", short: true},
	{guard: "a signature of 44 characters", file: "shared/source/sign/sign.go", old: `len(v) != ValueBytes || strings.ContainsAny(v, "\r\n")`, new: "false", test: "TestVerify"},
	{guard: "one malformed signature spoils all", file: "shared/source/sign/sign.go", old: "\t\tif err != nil || len(raw) != sha256.Size {\n\t\t\treturn nil, incident.Errorf(", new: "\t\tif err != nil && false {\n\t\t\treturn nil, incident.Errorf(", test: "TestVerify"},
	{guard: "a signature must match", file: "shared/source/sign/sign.go", old: `!fits(given, secrets, []byte(timestamp+":"), body)`, new: `!fits(given, secrets, []byte(timestamp+":"), body) && false`, test: "TestVerify"},
	{guard: "every secret is tried", file: "shared/source/sign/mac.go", old: "range secrets {", new: "range secrets[:min(1, len(secrets))] {", test: "TestVerify"},
	{guard: "every signature is tried", file: "shared/source/sign/mac.go", old: "range given {", new: "range given[:min(1, len(given))] {", test: "TestVerify"},
	{guard: "the timestamp is signed", file: "shared/source/sign/mac.go", old: "range parts {", new: "range parts[len(parts)-1:] {", test: "TestVerify"},
	{guard: "a Standard Webhooks delivery is old", file: "shared/source/sign/standard.go", old: "off > Tolerance ||", new: "false ||", test: "TestStandardWebhooks"},
	{guard: "a bearer token must match", file: "shared/source/sign/bearer.go", old: "if !matched {", new: "if false {", test: "TestBearer"},
	{guard: "an SNS topic is of the space's account", file: "shared/source/cloudwatch/verify.go", old: "|| topic[2] != s.space.Account", new: "", test: "TestSNSSignature"},
	{guard: "an SNS message is a day old", file: "shared/source/cloudwatch/verify.go", old: "r.Received.Sub(sent) > snsAge ||", new: "", test: "TestSNSSignature"},

	// The secret.
	{guard: "no secret that ends in a line break", file: "shared/config/secret.go", old: `case bytes.HasSuffix(s.value, []byte("\n")) || bytes.HasSuffix(s.value, []byte("\r")):`, new: "case false:", test: "TestSecretCheck"},
	{guard: "no secret that ends in NUL", file: "shared/config/secret.go", old: "case s.value[len(s.value)-1] == 0:", new: "case false:", test: "TestSecretCheck"},
	{guard: "no short secret", file: "shared/config/secret.go", old: "case len(s.value) < least:", new: "case false:", test: "TestSecretCheck"},
	{guard: "an unfit secret closes its source", file: "shared/source/handler.go", old: "} else if i == 0 {", new: "} else if i < 0 {", test: "TestClosedSource"},
	{guard: "an unfit old secret lets nobody in", file: "shared/source/handler.go", old: "\t\tif err == nil {\n\t\t\tout = append(out, s)\n\t\t} else if", new: "\t\tif err == nil || i > 0 {\n\t\t\tout = append(out, s)\n\t\t} else if", test: "TestClosedSource"},
	{guard: "a rotated secret is read again", file: "shared/source/handler.go", old: "if ferr != nil {", new: "if ferr != nil || true {", test: "TestRotation"},

	// The body.
	{guard: "no content encoding", file: "shared/source/handler.go", old: `encoding != ""`, new: `encoding == "any"`, test: "TestRefused"},
	{guard: "the type of the content", file: "shared/source/handler.go", old: `if !e.welcome(r.Header.Values("Content-Type")) {`, new: "if false {", test: "TestRefused"},
	{guard: "the size that a body says it has", file: "shared/source/handler.go", old: "if r.ContentLength > int64(limit) {", new: "if false {", test: "TestNoMoreIsReadThanAllowed"},
	{guard: "no more is read than allowed", file: "shared/source/handler.go", old: "io.ReadAll(io.LimitReader(r.Body, int64(limit)+1))", new: "io.ReadAll(r.Body)", test: "TestNoMoreIsReadThanAllowed"},
	{guard: "the size that a body has", file: "shared/source/handler.go", old: "if len(body) > limit {", new: "if false {", test: "TestRefused", short: true},
	{guard: "valid UTF-8", file: "shared/source/strict.go", old: "case !utf8.Valid(body):", new: "case false:", test: "TestStrict"},
	{guard: "one name once", file: "shared/source/strict.go", old: "case top.names[name]:", new: "case false:", test: "TestStrict", short: true},
	{guard: "no NUL in a name", file: "shared/source/strict.go", old: "case strings.ContainsRune(name, 0):", new: "case false:", test: "TestStrict"},
	{guard: "no broken character in a name", file: "shared/source/strict.go", old: "case strings.ContainsRune(name, utf8.RuneError):", new: "case false:", test: "TestStrict"},
	{guard: "no twin of a field's name", file: "shared/source/strict.go", old: "name != field && strings.EqualFold(name, field)", new: "false", test: "TestStrict"},
	{guard: "no deep nesting", file: "shared/source/strict.go", old: "if len(w.stack) >= w.depth {", new: "if false {", test: "TestStrict"},
	{guard: "strict JSON at the door", file: "shared/source/handler.go", old: "if err := Strict(req.Body, or(e.rules.MaxDepth, OurDepth), e.rules.Fields); err != nil {", new: "if err := error(nil); err != nil {", test: "TestRefused"},

	// The way to the queue.
	{guard: "a proof of the sender", file: "shared/source/handler.go", old: "\tif err != nil {\n\t\treturn unproved(err)", new: "\tif false {\n\t\treturn unproved(err)", test: "TestRefused", short: true},
	{guard: "one answer to whoever proves nothing", file: "shared/source/handler.go", old: `errors: []string{"unauthorized"}`, new: "errors: []string{e.Message}", test: "TestRefused"},
	{guard: "what was refused is kept", file: "shared/source/handler.go", old: "\tif err := e.bury(ctx, body, cause.Error()); err != nil {\n\t\treturn trouble(err)\n\t}\n\te.remember", new: "\te.remember", test: "TestRefused"},
	{guard: "a refused delivery that comes again is kept once", file: "shared/source/handler.go", old: "if a.duplicate = e.remembered(ctx, id); a.duplicate {", new: "if false {", test: "TestRefused"},
	{guard: "no secret in a title", file: "shared/source/handler.go", old: "e.masked(event.Normalise(sent))", new: "event.Normalise(sent)", test: "TestSecretsStayAtTheDoor"},
	{guard: "no answer before the queue has it", file: "shared/source/handler.go", old: "if err := e.send(ctx, event); err != nil {", new: "if err := e.send(ctx, event); false {", test: "TestOwnTrouble", short: true},
	{guard: "a delivery is remembered after the queue has it", file: "shared/source/handler.go", old: "\t\tevent = e.masked(event.Normalise(sent))\n", new: "\t\tevent = e.masked(event.Normalise(sent))\n\t\te.remember(ctx, []accepted{{EventID: event.EventID()}})\n", test: "TestOwnTrouble"},
	{guard: "of two equal deliveries one is new", file: "shared/source/accept.go", old: "{now.UTC()}, kv.Absent())", new: "{now.UTC()}, kv.Always())", test: "TestAccepted"},
	{guard: "no cause in an answer", file: "shared/source/answer.go", old: "answer{status: status, errors: []string{text}, reason: err.Error()}", new: "answer{status: status, errors: []string{text, err.Error()}, reason: err.Error()}", test: "TestOwnTrouble"},
	{guard: "the signer keeps what may succeed later", file: "shared/source/signer.go", old: "if incident.Is(err, incident.Invalid) && s.Dead != nil {", new: "if err != nil && s.Dead != nil {", test: "TestSignerKeepsWhatMaySucceedLater"},

	// The decision.
	{guard: "what can never succeed is buried", file: "shared/triage/service.go", old: "return e, e.Validate()", new: "return e, nil", test: "TestMalformedIsBuriedWithAReason"},
	{guard: "CRITICAL is skipped by name only", file: "shared/skill/rule.go", old: "e.Priority == incident.Critical && !r.Critical", new: "false", test: "TestCriticalOnlyByName", short: true},
	{guard: "a window's reach", file: "shared/triage/decide.go", old: "if away > Reach || w.Storm {", new: "if w.Storm {", test: "TestWorkedExamples"},
	{guard: "the threshold", file: "shared/triage/decide.go", old: "case d.Winner.Score >= Threshold-1e-9:", new: "case true:", test: "TestWorkedExamples"},
	{guard: "storm mode", file: "shared/triage/fire.go", old: "follows, recent > stormWindows)", new: "follows, false)", test: "TestStormMode"},
	{guard: "a storm's window takes the rest", file: "shared/triage/fire.go", old: "if w.Storm && distance(w.OpenedAt, a.Event.Timestamp) <= Reach {", new: "if false {", test: "TestStormMode"},
	{guard: "what has failed takes no more alarms", file: "shared/triage/fire.go", old: "\tswitch inv.State {\n\tcase incident.Failed, incident.Cancelled, incident.TimedOut:\n\t\ta.Decision", new: "\tswitch inv.State {\n\tcase \"none\":\n\t\ta.Decision", test: "TestAfterTheWindow"},
	{guard: "a finished investigation explains what joins it", file: "shared/triage/fire.go", old: "\t\tif !ok {\n\t\t\ta.Decision.Reasons = append(a.Decision.Reasons, incident.Reason{Name: NotExplained", new: "\t\tif !ok && false {\n\t\t\ta.Decision.Reasons = append(a.Decision.Reasons, incident.Reason{Name: NotExplained", test: "TestAfterTheWindow"},

	// The commit.
	{guard: "an alarm is decided once", file: "shared/triage/transaction.go", old: "kv.Put(record.AlarmKey(a.ID), a, kv.Absent())", new: "kv.Put(record.AlarmKey(a.ID), a, kv.Always())", test: "TestGuardsAreNeeded"},
	{guard: "windows change only if nobody changed them", file: "shared/triage/transaction.go", old: "kv.Put(bucketKey(hour), b, kv.Version(b.version))", new: "kv.Put(bucketKey(hour), b, kv.Always())", test: "TestGuardsAreNeeded", short: true},
	{guard: "the hours beside are looked at", file: "shared/triage/transaction.go", old: "kv.Check(bucketKey(hour), kv.Version(b.version))", new: "kv.Check(bucketKey(hour), kv.Always())", test: "TestGuardsAreNeeded"},
	{guard: "a history changes only if nobody changed it", file: "shared/triage/transaction.go", old: "kv.Put(historyKey(key), h, kv.Version(h.version))", new: "kv.Put(historyKey(key), h, kv.Always())", test: "TestGuardsAreNeeded"},
	{guard: "a lost race is decided again", file: "shared/triage/service.go", old: "\t\tcase incident.Conflict:\n\t\t\traced = t.opened\n\t\t\tcontinue", new: "\t\tcase incident.Conflict:\n\t\t\treturn t.opened", test: "TestSimulation"},
	{guard: "what is not committed is not done", file: "shared/triage/service.go", old: "\t\t\tfailed[e.EventID()] = err\n\t\t}\n\t\treturn t.opened // nobody", new: "\t\t\t_ = e\n\t\t}\n\t\treturn t.opened // nobody", test: "TestSimulation"},
	{guard: "the id follows from the alarm", file: "shared/triage/fire.go", old: "ID: a.Event.InvestigationID(t.Space.Name), Space", new: "ID: a.Event.InvestigationID(t.Now().String()), Space", test: "TestSimulation"},

	// The start.
	{guard: "one place is given once", file: "shared/triage/admit.go", old: "kv.Put(admissionKey, struct{}{}, kv.Version(lock))", new: "kv.Put(admissionKey, struct{}{}, kv.Always())", test: "TestGuardsAreNeeded"},
	{guard: "what has no place is not started", file: "shared/triage/admit.go", old: "\t\treturn nil, err // if", new: "\t\treturn seated, err // if", test: "TestNoPlaceNoStart"},
	{guard: "the cap of running investigations", file: "shared/triage/admit.go", old: "max(0, s.Space.Budget.Concurrent-running)", new: "1000", test: "TestStormMode"},
	{guard: "the most urgent comes first", file: "shared/triage/admit.go", old: "cmp.Compare(a.Priority.Rank(), b.Priority.Rank()), ", new: "", test: "TestAdmissionFollowsPriorityAndEnds"},
	{guard: "a start that is not confirmed is repeated", file: "shared/triage/admit.go", old: "\t\t\tif !h.StartConfirmed {", new: "\t\t\tif false {", test: "TestGuardsAreNeeded", short: true},
	{guard: "late alarms are gathered", file: "shared/triage/note.go", old: "err != nil || s.Now().Sub(last) < noteEvery", new: "err != nil", test: "TestLateAlarmsAreGathered"},
	{guard: "what was gathered stays together", file: "shared/triage/note.go", old: "ops = append(ops, kv.Delete(a.key(), kv.Version(a.version)))", new: "", test: "TestLateAlarmsAreGathered"},
	{guard: "no confirmation before the start", file: "shared/triage/admit.go", old: "\t\t\tfailed = append(failed, fmt.Errorf(\"start %s: %w\", h.ID, err))\n\t\t\tcontinue\n", new: "\t\t\t_ = err\n", test: "TestGuardsAreNeeded"},
	{guard: "an execution's name makes it one", file: "shared/aws/stepfn/stepfn.go", old: "if exists := (*types.ExecutionAlreadyExists)(nil); errors.As(err, &exists) {", new: "if exists := (*types.ExecutionAlreadyExists)(nil); false && errors.As(err, &exists) {", test: "TestStart"},
	{guard: "an older worker is fenced", file: "shared/journal/journal.go", old: "if j.head.Epoch != epoch {", new: "if false {", test: "TestAnOlderHolderIsFenced", short: true},

	// What tells one change from another.
	{guard: "the value that errors mention", file: "shared/evidence/change.go", old: "value, valueText := a.valueMatch(t)", new: "value, valueText := 0.0, \"\"", test: "TestTwinsAreToldApart"},
	{guard: "the file that a stack trace names", file: "shared/evidence/change.go", old: "frame := a.frameMatch(t)", new: "frame := 0.0", test: "TestTwinsAreToldApart"},
	{guard: "what was not deployed in time", file: "shared/evidence/change.go", old: "\tship(all)\n", new: "", test: "TestTwinsAreToldApart"},
	{guard: "what a release may break", file: "shared/evidence/change.go", old: "\ta.weighDependencies(t)\n", new: "", test: "TestTwinsAreToldApart"},
	{guard: "what only moves words", file: "shared/evidence/change.go", old: "a.edit.rewrites && mechanism < 0.5", new: "false", test: "TestTwinsAreToldApart"},
	{guard: "what never runs", file: "shared/evidence/change.go", old: "\t\ta.inert = inertness(c, a.edit)\n", new: "", test: "TestTwinsAreToldApart"},
	{guard: "where it runs", file: "shared/evidence/change.go", old: "\t\ta.judgePlace(place, named)\n", new: "\t\ta.place = 1\n", test: "TestTwinsAreToldApart"},
	{guard: "a deployment does what it carries", file: "shared/evidence/change.go", old: "\tinherit(all)\n", new: "", test: "TestTwinsAreToldApart"},
	{guard: "when it took effect", file: "shared/evidence/change.go", old: "\t\ta.judgeTime(t)\n", new: "\t\ta.time = 1\n", test: "TestTwinsAreToldApart"},
	{guard: "an alarm speaks of the minutes before it", file: "shared/evidence/scene.go", old: "\tsc.start = begun(in, sc.tracks, sc.start)\n", new: "", test: "TestAnAlarmSpeaksOfTheMinutesBeforeIt"},
	{guard: "samples on their way are no health", file: "shared/evidence/condition_health.go", old: "\treturn complaint.IsZero() || last", new: "\treturn true || last", test: "TestSamplesOnTheirWayAreNotHealth"},
	{guard: "what only loosens limits", file: "shared/evidence/change.go", old: "a.loosensOnly() && mechanism < 0.5", new: "false", test: "TestTopicalDecoysAreNotBlamed"},

	// The queue of a laptop.
	{guard: "a delivery is counted before it happens", file: "shared/embedded/localqueue/deliver.go", old: "ops = append(ops, kv.Put(q.countKey(e.ID), e.Receives, kv.Always()))", new: "", test: "TestWhatEndsTheProcessIsBuried"},
	{guard: "what may have ended the process goes alone", file: "shared/embedded/localqueue/localqueue.go", old: "e.Receives > 0 {", new: "e.Receives > 1000 {", test: "TestWhatEndsTheProcessIsBuried"},
	{guard: "a full queue stores nothing", file: "shared/embedded/localqueue/localqueue.go", old: "if q.held.Add(1) > capacity {", new: "if q.held.Add(1) > 2*capacity {", test: "TestABacklogOpensAndAFullQueueStoresNothing"},
}
