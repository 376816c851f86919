# Everything here needs Go and make only, and tests of networking the servers of the target of that name; modules come from the Go module
# proxy.

GO ?= go
# A count and not a time: when time runs out in the middle of an execution, go test reports a failure, "context deadline exceeded",
# that is none.
FUZZTIME ?= 50000x
# For one that does much in each execution: calls and streams, over memory that somebody scribbles over.
FUZZTIME_FuzzMemory ?= 4000x
# How long a package's tests may take: far longer than they do when the machine has nothing else to do, and short enough to see what hangs.
TIMEOUT ?= 30m
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
EXAMPLE = ./example/prodcon
SHOP = example/shop

# Nested modules: tools, measurements and an application whose dependencies users must not inherit.
MODULES = bench internal/protogen test test/editors/gopls test/network tools/golangci $(SHOP) $(SHOP)/mailer

# With a protoc in the path, it is asked too what it makes of protos.
TAGS = $(if $(shell command -v protoc),-tags protoc)

.PHONY: all generate guests shop-guests picture demo shop servers test test-quick test-slow race fuzz contract corpus std netstd soak network-bench \
	bench vet-bench lint check clean

all: generate

## generate: generated code of the repository, and the hosts and guests of the examples
generate: guests shop-guests picture
	cd $(SHOP) && $(GO) generate ./api
	$(GO) generate $(EXAMPLE)/protos ./stubs/grpc/health/grpc_health_v1 ./stubs/grpc/reflection/... ./host/internal/testpb

## guests: the example's hosts and guests, as a user's go generate ./... makes them
guests:
	$(GO) generate $(EXAMPLE)/consumer $(EXAMPLE)/producer

## picture: the plan in README.md
picture:
	cd $(EXAMPLE) && $(GO) tool cofaas-gen plan -svg ./... >$(CURDIR)/docs/plan.svg

## demo: run the example natively and consolidated, and print both side by side
demo: guests
	$(GO) run $(EXAMPLE)/demo

## shop: the same for the larger example; go generate ./... does for one function after the other what its first command does for all
shop: shop-guests
	cd $(SHOP) && $(GO) run ./demo

shop-guests:
	cd $(SHOP) && $(GO) tool cofaas-gen

## servers: what tests of networking run against, from Debian's packages, as root; the tests start them. QEMU runs tests that are built for
## 386 where the kernel does not.
SERVERS = redis-server postgresql memcached nginx-light iproute2 qemu-user
servers:
	@if which redis-server memcached nginx ip qemu-i386 >/dev/null && ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then exit 0; fi; \
	set -e; policy=/usr/sbin/policy-rc.d; \
	if [ ! -e $$policy ]; then trap "rm -f $$policy" EXIT; printf '#!/bin/sh\nexit 101\n' >$$policy; chmod +x $$policy; fi; \
	apt="apt-get -o Acquire::Retries=5 -o DPkg::Lock::Timeout=300"; \
	$$apt update -qq; \
	DEBIAN_FRONTEND=noninteractive $$apt install -y -qq --no-install-recommends $(SERVERS) >/dev/null

## test: everything that CI runs
test: test-quick guests race test-slow netstd fuzz

test-quick:
	$(GO) build ./channel/... ./cmd/... ./host/... ./gen/... ./analyzer/... ./guest/... ./guestproto ./isolate/... ./stubs/...
	GOOS=wasip1 GOARCH=wasm $(GO) vet ./guest/... ./guestproto ./stubs/...
	$(GO) test -short -timeout $(TIMEOUT) ./...

# Where there are goroutines, or callers that may have some.
RACE = ./channel/... ./isolate/... ./host ./host/engine/... ./host/internal/link ./host/internal/mounts ./host/internal/netpolicy ./host/internal/sandbox/... ./host/internal/sockets ./host/internal/wasi \
	./stubs/... ./internal/generate ./internal/loader ./internal/lsp/... ./internal/netoverlay ./internal/results ./internal/staging

race:
	$(GO) test -race -short -timeout $(TIMEOUT) $(RACE)

# Packages whose tests do more without -short. What the others have to say has been said by test-quick.
SLOW = cmd/cofaas-gen $(shell git grep -l 'testing.Short()' -- 'analyzer/*_test.go' 'channel/*_test.go' 'cmd/*_test.go' 'gen/*_test.go' 'guest*/*_test.go' \
	'host*/*_test.go' 'internal/*_test.go' 'isolate/*_test.go' 'stubs/*_test.go' 'templates/*_test.go' ':!internal/protogen' | xargs -n1 dirname | sort -u)

test-slow:
	$(GO) test $(TAGS) -timeout $(TIMEOUT) $(addprefix ./,$(SLOW))
	cd internal/protogen && $(GO) test -timeout $(TIMEOUT) ./...
	cd tools/golangci && $(GO) test -timeout $(TIMEOUT) ./...
	cd bench && $(GO) test -timeout $(TIMEOUT) ./...
	cd test && $(GO) test $(TAGS) -count=1 -timeout $(TIMEOUT) ./...
	cd test/network && $(GO) test -count=1 -timeout $(TIMEOUT) ./...
	cd $(SHOP) && $(GO) test -count=1 -timeout $(TIMEOUT) ./...
	cd $(SHOP)/mailer && $(GO) test -timeout $(TIMEOUT) ./...

## fuzz: each fuzz target for FUZZTIME, or FUZZTIME_target if there is one
fuzz:
	@set -e; for pkg in $$($(GO) list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "fuzz $$pkg $$target"; \
			case $$target in FuzzMemory) time=$(FUZZTIME_FuzzMemory);; *) time=$(FUZZTIME);; esac; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $$time -fuzzminimizetime 20x $$pkg; \
		done; \
	done

## contract: run the behaviour suite natively, consolidated, with every edge remote, and with functions in processes of their own
contract:
	@tmp=$$(mktemp -d); \
	{ (cd test && $(GO) test ./contract -count=1 -v -timeout 60m -contract.race -contract.modes=native,consolidated,remote,isolates,isolates-remote,mixed,mixed-guest) 2>&1; \
		echo $$? >$$tmp/status; } | tee $$tmp/out; \
	status=$$(cat $$tmp/status); grep '^mode ' $$tmp/out; rm -r $$tmp; exit $$status

## corpus: map the protos that ship inside well-known Go modules, and count them
corpus:
	cd test && $(GO) test $(TAGS) -count=1 -v -timeout 20m ./corpus

# Packages whose tests do much with the control flow of Go: closures, deferred calls, goroutines, generics, large functions.
STD = runtime reflect sort slices strings strconv regexp context sync time fmt errors math/big encoding/json encoding/gob \
	text/template compress/flate go/types

## std: run the standard library's own tests in rewritten guests
std:
	cd test && $(GO) build -o $(CURDIR)/.wasmexec ./wasmexec
	GOOS=wasip1 GOARCH=wasm $(GO) test -short -exec $(CURDIR)/.wasmexec $(STD)
	rm -f .wasmexec

## netstd: run the standard library's own tests of net and net/http in a guest, with package net over the host's sockets
netstd:
	$(GO) build -o .netstd ./host/internal/netstd
	./.netstd; status=$$?; rm -f .netstd; exit $$status

## soak: a day's traffic in SOAK, after which a host holds what it held before
SOAK ?= 10m
soak:
	cd test/network && $(GO) test -run '^TestSoak$$' -count=1 -v -timeout 60m -soak $(SOAK) .

## network-bench: what networking costs in a guest against natively, with bars
network-bench:
	cd test/network && $(GO) test -run '^TestCosts$$' -count=1 -v -timeout 60m -costs.rounds 15 -costs.ticks 1m -costs.bars .

## bench: measure against native gRPC and others; BENCH=quick measures less
bench: guests
	cd bench && $(GO) run . $(if $(filter quick,$(BENCH)),-quick)

## vet-bench: measure what cofaas-vet costs on top of go vet, on a module of 200 packages
vet-bench:
	cd bench && $(GO) run ./vet

## lint: format, vet, staticcheck
lint:
	@files=$$(gofmt -l $$(git ls-files '*.go' | grep -v /testdata/)); if [ -n "$$files" ]; then echo "gofmt: $$files"; exit 1; fi
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	GOBIN=$$($(GO) env GOPATH)/bin $(GO) install $(STATICCHECK) && GOOS=wasip1 GOARCH=wasm $$($(GO) env GOPATH)/bin/staticcheck ./guest ./guestproto ./stubs/...
	@set -e; for m in $(MODULES); do echo "vet $$m"; (cd $$m && $(GO) vet ./... && $(GO) run $(STATICCHECK) ./...); done

## check: generated files and go.mod files are up to date
check: picture
	cd $(EXAMPLE) && $(GO) tool cofaas-gen check
	cd $(SHOP) && $(GO) tool cofaas-gen check && $(GO) generate ./api
	$(GO) generate $(EXAMPLE)/protos ./stubs/grpc/health/grpc_health_v1 ./stubs/grpc/reflection/... ./host/internal/testpb
	$(GO) mod tidy
	@set -e; for m in $(MODULES); do (cd $$m && $(GO) mod tidy); done
	git diff --exit-code

clean:
	rm -f $(foreach dir,$(EXAMPLE) $(SHOP),$(dir)/*/cofaas/guests/*.wasm $(dir)/*/cofaas/guests/*.native)
