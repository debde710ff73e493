# make help lists the targets. Settings are given as NAME=value, for example: make demo YES=1 SCENARIO=orders-throttled

OUT      = ./firefinder-demo
SCENARIO = checkout-503
DATA     = ../shared/bench
PROOF    = full

# The CDK's library prints a banner about the age of Node 20; the value is the major version it keeps quiet about.
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION = 20

CDK    = npx --yes aws-cdk@2.1148.1
LAMBDA = GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build -tags lambda.norpc,grpcnotrace -trimpath -buildvcs=false -ldflags='-s -w'

# Lanes with needs of their own; make test leaves them to their targets.
LANES = /test/(aws|browser)(/|$$)
# Tested without the race detector: it reports the CDK's own shutdown, and has nothing to see in tests that read files, build
# programs and score one case after the other, nor what the tests of the parts under it do not see in whole runs of them.
PLAIN = /infra(/|$$)|/test/(arch|bench|injection|lambda|outage|scenario)(/|$$)

.DEFAULT_GOAL := help
.PHONY: help demo bin build test fmt test-race test-plain test-aws test-browser lint-cfn synth deploy generate bench \
	bench-rca bench-storm vectors injection redaction fuzz proof clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: bin ## Replay an incident from alarm to approved plan, on this machine alone (YES=1 decides for you, SCENARIO=, OUT=)
	./bin/firefinder demo $(if $(YES),--yes) --out $(OUT) --scenario $(SCENARIO)

bin: ## Compile the command line into bin/firefinder
	@go build -o bin/firefinder ./cmd/firefinder

# The archives that are deployed have ceilings; the investigator's is higher, for it will link the connectors.
build: ## Compile every function for Lambda (arm64) into dist/<name>/bootstrap
	@set -e; for main in functions/*/main.go; do \
		name=$$(basename $$(dirname $$main)); most=6144; [ $$name != investigate ] || most=9216; \
		$(LAMBDA) -o dist/$$name/bootstrap ./functions/$$name; \
		packed=$$(($$(gzip -c dist/$$name/bootstrap | wc -c) / 1024)); \
		printf '%-12s %5d KiB, packed %4d of %d\n' $$name $$(($$(wc -c < dist/$$name/bootstrap) / 1024)) $$packed $$most; \
		[ $$packed -le $$most ] || { echo "$$name is too large: look at what it links (docs/dependencies.md)"; exit 1; }; \
	done

# vet, the tests without the race detector and the functions that test/lambda runs are compiled alike, without cgo and with
# -trimpath: on empty caches the dependencies are then compiled once for the three.
test: fmt ## Format, vet and test everything in Go: race detector, functions, state machine, CDK (needs a C compiler, Node and npm)
	CGO_ENABLED=0 go vet -trimpath ./...
	$(MAKE) --no-print-directory --keep-going test-plain test-race

fmt:
	@found=$$(gofmt -l cmd events functions infra shared skills test); \
	if [ -n "$$found" ]; then echo "not formatted, run gofmt -w on:"; echo "$$found"; exit 1; fi

# go vet has seen every package once before; -vet=off keeps go test from doing it again.
test-race:
	@packages=$$(go list ./...) && go test -race -vet=off -timeout 20m $$(echo "$$packages" | grep -Ev '$(LANES)|$(PLAIN)')

test-plain:
	@packages=$$(go list ./...) && CGO_ENABLED=0 go test -trimpath -vet=off -timeout 20m $$(echo "$$packages" | grep -E '$(PLAIN)')

test-aws: ## AWS contract lane: adapters, store, state machine and a whole incident on moto (pip install 'moto[all,server]==5.2.1')
	go test -count=1 -timeout 20m ./test/aws/...

test-browser: ## Approval page and console in headless Chromium (apt-get install chromium; npm)
	go test -count=1 -timeout 20m ./test/browser/...

synth: build ## Write the CloudFormation templates of every space into cdk.out (Node)
	rm -rf cdk.out
	CDK_OUTDIR=cdk.out go run ./infra

lint-cfn: synth ## cfn-lint on the synthesized templates and on infra/reader-role.yaml (pip install cfn-lint==1.51.0)
	cfn-lint -i W3005 -t cdk.out/*.template.json infra/reader-role.yaml

deploy: build ## Deploy one Agent Space into the account of your AWS credentials: make deploy SPACE=payments
	@test -n "$(SPACE)" || { echo "Which space? make deploy SPACE=payments (files in infra/spaces)"; exit 2; }
	$(CDK) deploy Firefinder-$(SPACE) -c space=$(SPACE)

# In each folder by itself: generated code names its template relative to where it was generated.
generate: ## Write the generated Go of the templ pages again
	@set -e; templ=github.com/a-h/templ/cmd/templ@$$(go list -m -f '{{.Version}}' github.com/a-h/templ); \
	for dir in $$(find shared -name '*.templ' -exec dirname {} \; | sort -u); do (cd $$dir && go run $$templ generate); done

bench: ## Micro-benchmarks
	go test -run '^$$' -bench . -benchmem ./shared/...

bench-rca: ## Score the evidence engine on public incident data (DATA=dir ONLY=a,b EXPLAIN=dataset/case OUT=file.json DOCS=file.md)
	go run ./test/bench -data $(DATA) $(if $(ONLY),-only $(ONLY)) $(if $(EXPLAIN),-explain $(EXPLAIN)) \
		$(if $(filter-out file,$(origin OUT)),-out $(OUT)) $(if $(DOCS),-docs $(DOCS))

vectors: ## Run signature vectors through the real webhook: make vectors FILE=vectors.json OUT=decisions.json
	@test -n "$(FILE)" || { echo "Which vectors? make vectors FILE=vectors.json [OUT=decisions.json]"; exit 2; }
	go run ./test/vectors -file $(FILE) $(if $(filter-out file,$(origin OUT)),-out $(OUT))

injection: ## Play attacks on a model that obeys them, from alarm to decided plan (FILE=attacks.json OUT=verdicts.json)
	go run ./test/injection $(if $(FILE),-file $(FILE)) $(if $(filter-out file,$(origin OUT)),-out $(OUT))

redaction: ## Which secrets are masked, which ordinary texts touched, how fast (FILE=texts.json OUT=results.json)
	go run ./test/redaction $(if $(FILE),-file $(FILE)) $(if $(filter-out file,$(origin OUT)),-out $(OUT))

# The Alertmanager that storms are compared with, built outside the repository and its module unless ALERTMANAGER names one.
PEER_CACHE = $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/firefinder
PEER       = github.com/prometheus/alertmanager/cmd/alertmanager@v0.28.1

bench-storm: ## Alarm storms through the real handlers: alarms a second, decision latency, writes per alarm (SIZES= ALERTMANAGER=path DOCS=dir)
	@peer=$(ALERTMANAGER); if [ -z "$$peer" ]; then \
		peer=$(PEER_CACHE)/bin/alertmanager; mkdir -p $(PEER_CACHE); \
		[ -x $$peer ] || (cd $(PEER_CACHE) && GOBIN=$(PEER_CACHE)/bin GOFLAGS=-mod=mod go install $(PEER)) \
			|| { echo "bench-storm: $(PEER) cannot be built here; going on without it"; peer=; }; \
	fi; \
	go run ./test/storm $(if $(SIZES),-sizes $(SIZES)) $(if $(DOCS),-docs $(DOCS)) $${peer:+-alertmanager $$peer}

fuzz: ## Ten seconds of fuzzing at every fence
	test/proof/run fuzz 10s

proof: ## The long proofs at full size; PROOF=short for the size that CI runs
	test/proof/run $(PROOF)

clean: ## Remove what the targets above made
	rm -rf bin dist cdk.out firefinder-demo
