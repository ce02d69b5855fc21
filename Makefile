# What a developer types. Everything else is `go` itself.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS = -s -w -X github.com/errwatch/errwatch/internal/cli.release=$(VERSION)

.PHONY: build test check e2e fuzz demo clean

build: ## one static binary, dist/errwatch
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o dist/errwatch ./cmd/errwatch

test: ## what the README says
	go test ./...

check: ## all that CI runs
	bash .ci/run

e2e: ## against a real Prometheus and a real Alertmanager
	go test -tags e2e -count=1 ./test/...

FUZZTIME ?= 30s
fuzz: ## each fuzz target for FUZZTIME
	@for p in $$(go list ./...); do \
	  for f in $$(go test -list '^Fuzz' $$p | grep '^Fuzz'); do \
	    echo "== $$p $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p || exit 1; \
	  done; \
	done

demo: ## a simulated meeting server, and errwatch on it
	go run ./cmd/errwatch demo

clean:
	rm -rf dist
