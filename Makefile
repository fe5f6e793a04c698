# FaceScan: `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOVULNCHECK   := golang.org/x/vuln/cmd/govulncheck@v1.2.0
LOCAL         := go run ./scripts/local
GENERATED     := internal/apiclient/client.gen.go

.PHONY: help
help: ## List the targets.
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

.PHONY: run
run: ## Run everything here, on the real emulators, until Ctrl-C. LOGS=1 shows the functions' logs, PORT=N moves it.
	@$(LOCAL) run $(if $(LOGS),-logs) $(if $(PORT),-port $(PORT))

.PHONY: demo
demo: ## Run everything and act as two users' app. PHOTO=selfie.jpg takes your photo, LOGS=1 shows the logs.
	@$(LOCAL) demo $(if $(LOGS),-logs) $(if $(PORT),-port $(PORT)) $(if $(PHOTO),"$(PHOTO)")

.PHONY: test
test: ## Run every test with the race detector, on the real emulators. ARGS adds flags of go test.
	@$(LOCAL) test -- go test -race -shuffle=on $(ARGS) ./...

.PHONY: reliability
reliability: ## Measure the face engine on the photos in FACES and write internal/face/RELIABILITY.md (minutes). NOFACES=DIR adds photos without faces.
	@go run ./scripts/bench reliability -faces $(or $(FACES),../shared/faces) $(if $(NOFACES),-nofaces $(NOFACES))

.PHONY: arm64
arm64: ## Check that the engine's reports are the same on arm64 (by qemu-user), amd64 v3 and without assembly.
	@scripts/arm64.sh

.PHONY: check
check: fmt vet lint vuln tidy generated ## Check format, vet, lint with the import rules, known vulnerabilities, module tidiness and generated code.

.PHONY: fmt
fmt: ## Check that the code is formatted.
	@out=$$(gofmt -l functions internal scripts); [ -z "$$out" ] || { echo "not formatted (gofmt -w):"; echo "$$out"; exit 1; }

.PHONY: vet
vet: ## Run go vet.
	@go vet ./...

.PHONY: lint
lint: ## Run golangci-lint, import rules included (the first time it is built, which takes minutes).
	@go run $(GOLANGCI_LINT) run ./...

.PHONY: vuln
vuln: ## Check for known vulnerabilities, where their database can be reached.
	@scripts/govulncheck.sh $(GOVULNCHECK)

.PHONY: tidy
tidy: ## Check that go.mod and go.sum are tidy.
	@go mod tidy -diff

.PHONY: generate
generate: ## Write the generated code anew: the Go client of the API.
	@go generate ./...

.PHONY: generated
generated: ## Check that the generated code is what `make generate` writes.
	@before=$$(cat $(GENERATED) | sha256sum); go generate ./... || exit 1; \
	[ "$$before" = "$$(cat $(GENERATED) | sha256sum)" ] || { echo "written anew, for it was stale: $(GENERATED)"; exit 1; }
