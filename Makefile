# What a developer types. Everything else is `go` itself.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS = -s -w -X github.com/errwatch/errwatch/internal/cli.release=$(VERSION)

KILLS ?= 100

.PHONY: build test check e2e fuzz killpoints latency torture soak compare-following figures-following bench bench-rules bench-compare demo clean

build: ## one static binary, dist/errwatch
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o dist/errwatch ./cmd/errwatch

test: ## what the README says
	go test ./...

check: ## all that CI runs
	bash .ci/run

e2e: ## against a real Prometheus, Alertmanager and logrotate
	go test -tags e2e -count=1 ./test/...

FUZZTIME ?= 30s
fuzz: ## each fuzz target for FUZZTIME
	@for p in $$(go list ./...); do \
	  for f in $$(go test -list '^Fuzz' $$p | grep '^Fuzz'); do \
	    echo "== $$p $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p || exit 1; \
	  done; \
	done

TORTURE ?= 10m
torture: ## kill -9 every few hundred milliseconds while logs rotate in every way, for TORTURE; all counts must be exact
	@go run ./test/torture storm -round 15s -for $(TORTURE)
	@if [ "$$(id -u)" = 0 ]; then go run ./test/torture power; else echo "power cuts need root: left out"; fi

SOAK ?= 1h
soak: ## many logs that rotate, for SOAK; memory, descriptors and the state must not grow
	@go run ./test/torture soak -for $(SOAK)

COMPAREFLAGS ?= -runs 3
compare-following: ## the table of docs/following.md; needs mtail (apt-get install mtail)
	@go run ./test/torture compare $(COMPAREFLAGS)

figures-following: ## how fresh and how light following is, the other figures of docs/following.md
	@go run ./test/torture figures

killpoints: ## KILLS kills between each two steps of a notification; nothing may be lost
	ERRWATCH_KILLS=$(KILLS) go test -count=1 -timeout 60m -v -run TestKillPoints ./internal/notify

ALERTS ?= 200
latency: ## from the write() of the line that crosses a threshold to the first byte of the POST, ALERTS times; about 8 minutes
	ERRWATCH_LATENCY=$(ALERTS) go test -tags e2e -count=1 -timeout 60m -run TestLatency -v ./test/

BENCHFLAGS ?=
bench: ## errwatch against its targets and its peers, one table; needs mtail and rg (apt-get install mtail ripgrep)
	@go run ./test/bench $(BENCHFLAGS)

RULESBENCHFLAGS ?=
bench-rules: ## 100 rules with 20,000 groups at 50,000 events/s: cost of an event, memory, commit times, restart
	@go run ./test/rulesbench $(RULESBENCHFLAGS)

REF ?= HEAD
BENCH ?= .
BENCHPKGS ?= ./internal/parse/... ./internal/app
BENCHTIMES ?= 8
BENCHSTAT = go run golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da
bench-compare: ## the stages of this tree against those of REF, in turns: make bench-compare REF=v1.0.0 BENCH=Feed
	@dir=$$(mktemp -d) && trap 'git worktree remove --force '$$dir'/ref; rm -rf '$$dir EXIT && \
	git worktree add --detach $$dir/ref $(REF) >/dev/null 2>&1 && \
	for i in $$(seq $(BENCHTIMES)); do \
	  (cd $$dir/ref && go test -run '^$$' -bench '$(BENCH)' -benchtime 0.3s $(BENCHPKGS)) >>$$dir/old.txt && \
	  go test -run '^$$' -bench '$(BENCH)' -benchtime 0.3s $(BENCHPKGS) >>$$dir/new.txt || exit 1; \
	done && $(BENCHSTAT) $(REF)=$$dir/old.txt tree=$$dir/new.txt

demo: ## a simulated meeting server, and errwatch on it
	go run ./cmd/errwatch demo

clean:
	rm -rf dist
