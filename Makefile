# Heli. `make help` explains each target.
.DEFAULT_GOAL := help
SHELL := /bin/bash
GO := go
TOOL := $(GO) tool -modfile=tools/go.mod
export GOFLAGS ?= -buildvcs=false
# Tests wait for browsers and for what services tell each other: two a processor.
AT_ONCE = $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN))))

.PHONY: help
help: ## say what each target does
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: ## set up what is missing, build, start everything, load the demo, print the address and logins
	@$(GO) build -o bin/heli ./cmd/heli
	@bin/heli setup
	@exec bin/heli up --demo $(ARGS)

.PHONY: build
build: ## build every binary into bin/
	$(GO) build -o bin/ ./cmd/...

.PHONY: test
test: ## set up what the tests need (PostgreSQL, Chromium, a Chinese font) and run them all with the race detector
	@$(GO) run ./cmd/heli setup --tests
	$(TOOL) gotestsum --format pkgname -- -race -timeout 50m -parallel $(AT_ONCE) ./...
	$(GO) test -tags nochecks -run MatrixOf ./cmd/heli

.PHONY: check
check: ## format, vet, lint, import rules, generated files current, catalogues complete
	@test -z "$$(gofmt -l cmd pkg services migrations | tee /dev/stderr)" || (echo "run gofmt -w on these files" && false)
	$(GO) vet ./...
	$(TOOL) golangci-lint run --timeout 20m
	$(GO) test ./pkg/house ./pkg/locale
	@tools/generated.sh

.PHONY: generate
generate: ## rebuild generated files: templates, styles, documents
	$(GO) tool templ generate -path services/web
	cd services/web/assets/src && npm ci --no-audit --no-fund && npm run build
	HELI_WRITE_DOCS=1 $(GO) test ./pkg/house -run Docs -count 1

.PHONY: bench
bench: ## run the benchmarks; figures depend on the machine, ratios less
	$(GO) build -o bin/heli ./cmd/heli
	bin/heli setup
	bin/heli bench intake
	bin/heli bench pipeline
	bin/heli bench suggest

.PHONY: lighthouse
lighthouse: ## judge the public pages of a running platform: make lighthouse URL=http://127.0.0.1:8080
	@cd tools/lighthouse && npm ci --silent --no-audit --no-fund && node measure.mjs "$(URL)"

.PHONY: scan
scan: ## look for weaknesses of the pages of a running demo: make scan URL=http://127.0.0.1:8080 LOGIN=link
	@test -n "$(URL)" || (echo "usage: make scan URL=http://127.0.0.1:8080 LOGIN='a sign-in link of a coordinator'" && false)
	@tools/scan/scan.sh "$(URL)" "$(LOGIN)"

.PHONY: migration
migration: ## start a migration: make migration SCHEMA=request NAME=add_claims
	@test -n "$(SCHEMA)" -a -n "$(NAME)" || (echo "usage: make migration SCHEMA=request NAME=add_claims" && false)
	@tools/migration.sh "$(SCHEMA)" "$(NAME)"
