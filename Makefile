# Every command with its sentence: `make help`.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
OAPI_CODEGEN := github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2
SERVICES := scripts/with-services
UNIT     := $$(go list ./... | grep -v '/e2e')
FUZZTIME ?= 20s

# What CI promises must be there: a missing GOST engine fails, elsewhere it skips.
ifeq ($(CI),true)
export PROPUSK_REQUIRE_GOST_ENGINE := 1
endif

.PHONY: help run build test e2e bench cover lint fuzz install client

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Start the demo on http://localhost:8080
	go run ./cmd/propusk demo

build: ## Build bin/propusk
	go build -trimpath -o bin/propusk ./cmd/propusk

install: ## Install what the tests need (PostgreSQL, Redis, Chromium, GOST engine, SoftHSM, Node and Python modules)
	@scripts/install

test: install ## Run every test, the race detector in all but the black-box ones, on both engines, browser included
	@test -z "$$(gofmt -l $$(git ls-files '*.go') | tee /dev/stderr)" || { echo 'run gofmt on these' >&2; exit 1; }
	@mkdir -p artifacts
	$(SERVICES) scripts/test 2>&1 | tee artifacts/test.log || { scripts/failures artifacts/test.log; exit 1; }

e2e: install ## Run only the black-box tests, with the race detector; screenshots land in artifacts/
	$(SERVICES) go test -race -count=1 -timeout 40m -v ./e2e/...

client: ## Generate the Go client anew from the API's own description
	go run ./cmd/propusk openapi > client/openapi.json
	go run $(OAPI_CODEGEN) -config client/oapi-codegen.yaml client/openapi.json

bench: install ## Print the benchmark table of docs/performance.md
	@$(SERVICES) scripts/bench

cover: install ## Print statement coverage by package and write coverage.html
	$(SERVICES) go test -timeout 8m -coverpkg=./... -coverprofile=coverage.out $(UNIT)
	@go tool cover -html=coverage.out -o coverage.html
	@scripts/coverage coverage.out

lint: ## Run the linters of .golangci.yml
	go vet ./...
	go run $(GOLANGCI) run ./...

fuzz: ## Fuzz every parser of outside bytes for FUZZTIME each (20s)
	@scripts/fuzz $(FUZZTIME)
