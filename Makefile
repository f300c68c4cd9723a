# `make help` lists what there is.
.DEFAULT_GOAL := help
SHELL := bash
FUZZTIME ?= 1m

.PHONY: help test race lint vulncheck real interop faults compose-check up down fuzz long bench bench-real ci

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

test: ## the tests, on the embedded broker: what the README says
	go test ./...

race: ## the same under the race detector
	go test -race -count=1 ./...

lint: ## gofmt, vet, golangci-lint, shellcheck, over all modules
	scripts/lint

vulncheck: ## known weaknesses in what the modules use, by Go's database
	scripts/vulncheck

real: ## the behaviour tests on a real Apache Kafka, started for it
	go -C integration run ./cmd/withkafka -- go -C .. test -count=1 .

interop: ## other clients read what we write, and we what they write
	scripts/interop

faults: ## the fault table, on a real cluster of three brokers; it writes docs/faults.md
	FAULT_OTHERS=1000000 go test -count=1 -v -run 'TestFaultOneParkedKey' .
	nice go -C integration test -count=1 -v -timeout 60m -parallel 4 -run Fault ./faults -args -faults.doc=$(CURDIR)/docs/faults.md

compose-check: ## compose.yaml for real: its broker with the quickstart, its Prometheus with examples/health
	scripts/compose-check
	scripts/compose-metrics-check

up: ## Apache Kafka and its UI, for you: localhost:9092 and http://localhost:8080
	docker compose up --wait

down: ## end them; the data stays
	docker compose down

fuzz: ## each fuzz target for FUZZTIME (1m)
	scripts/fuzz $(FUZZTIME)

long: ## what takes longer than a CI run has: fuzzing, the oracle of evolution, millions of cases for the plan, race three times
	scripts/fuzz 10m
	EVOLVE_PAIRS=100000 go test -timeout 90m -run TestOracle -v ./internal/evolve
	PLAN_CASES=2000000 go test -timeout 90m -run 'OnlyWhatIsValid|RandomStructs' -v ./internal/plan
	PLAN_CASES=2000000 go test -timeout 90m -tags purego -run 'OnlyWhatIsValid|RandomStructs' -v ./internal/plan
	HOSTILE_ROUNDS=200 go test -timeout 60m -run TestMutatedAnswers .
	go test -race -count=3 -timeout 60m ./...

bench: ## beside the other clients, each in turn, some ten minutes on a quiet machine; it writes docs/performance.md
	go -C bench run .

bench-real: ## the same on a real Apache Kafka, started for it
	go -C integration run ./cmd/withkafka -- go -C ../bench run .

ci: ## all that CI runs
	.ci/run
