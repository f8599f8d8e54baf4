# Barkeep: what developers call. `make` alone lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# When the commit was made: a clock that shows an earlier day has lost the time.
RELEASED ?= $(shell git log -1 --format=%cI 2>/dev/null)
TOOL := go tool -modfile=tools.mod
TESTENV := go run ./tools/testenv --

# The race detector leaves out SQLite, C translated to Go: with it the tests take five times as long (docs/DECISIONS.md says when that is safe).
RACE := -race '-gcflags=modernc.org/...=-race=false'

# What the bench, fuzz and mutate targets take: make bench BENCH=Upsert BENCHTIME=3x, make fuzz FUZZTIME=1m, make mutate SAMPLE=100.
BENCH ?= .
BENCHTIME ?= 1s
FUZZTIME ?= 10s
MUTATE ?= ./gate ./scheduler ./ledger ./sync
SAMPLE ?= 0

.PHONY: help demo build test lint fmt bench pictures fuzz soak mutate clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: ## Watch a dozen futures land in an archive, offline
	go run ./cmd/barkeep demo

build: ## Build bin/barkeep, static, with the version in it
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION) -X main.released=$(RELEASED)' -o bin/barkeep ./cmd/barkeep

test: ## Run all tests with the race detector, beside a PostgreSQL and a Redis of their own
	@echo 'compiling tools/testenv, which brings the servers and a C compiler; on a new machine that takes a minute'
	$(TESTENV) go test $(RACE) -timeout 35m ./...
	# What the race detector makes too slow: a million bars, thousands of simulated years, what a provider does in some, and all doors.
	$(TESTENV) go test -count=1 -v -run 'TestConformance/bars:_a_million' -timeout 20m ./store/postgres ./store/sqlite
	go test -count=1 -run TestSimulatedYears -timeout 20m ./scheduler
	go test -count=1 -run 'TestAMonthOfMissingBars|TestAYearOfWhatProvidersDo|TestACalmYearIsTrueAndErrorsInItAreSeen' -timeout 20m ./sync
	go test -count=1 -run TestRecordedBarsInWindowsOfAnUpdate -timeout 20m ./yahoo
	$(TESTENV) go test -count=1 -run TestAllDoorsGiveTheSameBars -timeout 20m ./cmd/barkeep

lint: ## Check the style, the arrows between packages, dead code, workflows and go.mod
	go vet ./...
	$(TOOL) golangci-lint run
	@echo '$(TOOL) deadcode -test ./...'
	@dead=$$($(TOOL) deadcode -test ./...); [[ -z $$dead ]] || { echo "nothing reaches:"; echo "$$dead"; exit 1; }
	$(TOOL) actionlint -shellcheck= -pyflakes= .github/workflows/*.yml
	go mod tidy -diff

fmt: ## Format the code
	$(TOOL) golangci-lint fmt

SOAK ?= 30m
soak: ## Run two workers under everything that goes wrong (SOAK=30m)
	go run ./tools/soak -for $(SOAK)

bench: ## Run the benchmarks (BENCH=regexp BENCHTIME=1s)
	$(TESTENV) go test -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) -benchmem -p 1 -timeout 60m \
		$$(grep -rl --include='*_test.go' '^func Benchmark' . | xargs -n 1 dirname | sort -u)

pictures: ## Make the pictures of README and docs from the demo (Linux)
	BARKEEP_PICTURES=$(CURDIR)/docs/pictures $(TESTENV) go test -count=1 -run '^TestPictures$$' ./cmd/barkeep

fuzz: ## Fuzz every fuzz test for a moment (FUZZTIME=10s)
	@grep -r --include='*_test.go' -o '^func Fuzz[A-Za-z0-9_]*' . | sort | while IFS=: read -r file name; do \
		echo "$$(dirname "$$file"): $${name#func }"; \
		go test -run '^$$' -fuzz "^$${name#func }\$$" -fuzztime $(FUZZTIME) "$$(dirname "$$file")" </dev/null; \
	done

mutate: ## See which changes of the code no test fails on (MUTATE=./gate SAMPLE=0); all of it takes an hour or more
	BARKEEP_SIM_SEEDS=20 go run ./tools/mutate -sample $(SAMPLE) $(MUTATE)
	go run ./tools/mutate -sample $(SAMPLE) -only '^resample' ./market

clean: ## Remove what the targets above built
	rm -rf bin dist
	go clean -testcache
