# FaceScan: `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# The folder of this file. It may have spaces and quotes in its name, so make's own functions for
# names cannot tell it.
HERE := $(shell file='$(subst ','\'',$(MAKEFILE_LIST))'; cd "$$(dirname "$$(sed 's/^ *//' <<<"$$file")")" && pwd -P)

ifneq ($(HERE),$(CURDIR))
# Called with -f from another folder: the commands below are for the folder of this file.
.PHONY: $(or $(MAKECMDGOALS),help)
$(or $(MAKECMDGOALS),help):
	@$(MAKE) --no-print-directory -C '$(subst ','\'',$(HERE))' $@
else

GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOVULNCHECK   := golang.org/x/vuln/cmd/govulncheck@v1.2.0
# The vulnerabilities of Go modules, where vuln.go.dev cannot be reached: VULNDB=latest takes the newest.
VULNDB        := v0.0.0-20261105234957-e22db6528018
GENERATED     := $(wildcard internal/web/reference/assets/* internal/local/console/site/vendor/*) internal/client/api/client.gen.go internal/client/api/overlay.yaml internal/httpapi/openapi.yaml \
	internal/httpapi/README.md internal/httpapi/contract/openapi.json internal/usertext/tables.go internal/local/host/functions.gen.go \
	internal/face/reliability/scores.gen.go \
	functions/README.md terraform/README.md terraform/main.tf terraform/variables.tf terraform/outputs.tf \
	terraform/modules/facescan/catalog.json $(wildcard terraform/modules/*/README.md)

# Where make was called, for scripts/local.sh: -C changes the folder of its commands, but not this.
export CALLED_FROM := $(value PWD)
# The options of run and demo. What is said on make's command line is in the environment of its
# commands, where no quote or space in it can do harm.
OPTIONS = $(if $(filter-out 0,$(LOGS)),-logs) $(if $(PORT),-port "$$PORT")
# Those of run alone. HOST counts on the command line only: some shells have one of their own. The
# faults are drawn by FAULTS_SEED, as SEED=1 makes some data to begin with.
RUN_OPTIONS = $(OPTIONS) $(if $(and $(findstring command,$(origin HOST)),$(HOST)),-host "$$HOST") $(if $(filter-out 0,$(LAN)),-lan) $(if $(KEEP),-keep "$$KEEP") $(if $(filter-out 0,$(SEED)),-seed) $(if $(FAULTS),-faults "$$FAULTS") $(if $(FAULTS_SEED),-faults-seed "$$FAULTS_SEED")

.PHONY: help
help: ## List the targets.
	@grep -hE '^[a-z0-9-]+:.*## ' Makefile | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

.PHONY: run
run: ## Run everything on the real emulators until Ctrl-C, from PORT=N (8080) on. HOST=address or LAN=1 lets phones in, KEEP=folder keeps the data, SEED=1 makes some, FAULTS=dup=.2,reorder has things fail, LOGS=1 shows the logs.
	@scripts/local.sh run $(RUN_OPTIONS)

.PHONY: demo
demo: ## Run everything and act as the app of two users. PHOTO=selfie.jpg takes your photo, LOGS=1 shows the logs.
	@scripts/local.sh demo $(OPTIONS) $(if $(PHOTO),-- "$$PHOTO")

.PHONY: test
test: ## Run the tests of PACKAGES (./...) on the real emulators. ARGS adds flags of go test.
	@scripts/local.sh test -- go test -shuffle=on -timeout 30m $(ARGS) $(or $(PACKAGES),./...)

.PHONY: race
race: ## Run the tests of PACKAGES (./...) with the race detector, which takes much longer. ARGS adds flags of go test.
	@scripts/local.sh test -- go test -race -shuffle=on -timeout 30m $(ARGS) $(or $(PACKAGES),./...)

.PHONY: browser
browser: ## Run journeys through the whole system in Chromium, on a phone's screen. CHROMIUM=path names it, SHOTS=folder gets pictures of all pages, ARGS adds flags of go test.
	@case $$SHOTS in ""|/*) ;; *) SHOTS=$$CALLED_FROM/$$SHOTS ;; esac; export SHOTS; \
	scripts/local.sh test -- go test -tags=browser -count=1 -timeout 40m $(ARGS) ./internal/systest/browser

.PHONY: screenshots
screenshots: ## Write pictures of the console's views, at 390 and 1440 px, light and dark, to the folder SHOTS (screenshots), and those of README.md.
	@case $${SHOTS:=screenshots} in /*) ;; *) SHOTS=$$CALLED_FROM/$$SHOTS ;; esac; export SHOTS; \
	PICTURES=$(CURDIR)/internal/local/console/pictures scripts/local.sh test -- \
	go test -tags=browser -count=1 -timeout 40m -run TestConsole $(ARGS) ./internal/systest/browser

.PHONY: first-result
first-result: ## Measure the seconds from `make run` to the first result in the console, in Chromium (aim: below 30).
	@go test -tags=browser -count=1 -v -run TestFirstResult ./internal/systest/browser/first

.PHONY: chaos
chaos: ## Run the system with faults on purpose and look for what was lost or told twice. SEEDS=n runs, FIRST=seed, FAULTS=list.
	@go run ./scripts/bench chaos $(if $(SEEDS),-seeds "$$SEEDS") $(if $(FIRST),-first "$$FIRST") $(if $(FAULTS),-faults "$$FAULTS")

.PHONY: reliability
reliability: ## Measure the face engine on the photos in FACES and write internal/face/RELIABILITY.md (minutes). NOFACES=DIR adds photos without faces.
	@go run ./scripts/bench reliability -faces "$${FACES:-../shared/faces}" $(if $(NOFACES),-nofaces "$$NOFACES")

.PHONY: load
load: ## Offer ten times the requests that the functions can take for a few seconds, and check that they refuse what is too much, lose nothing and recover (2 minutes). SECONDS=60 is the full size.
	@go run ./scripts/bench load -overload -seconds $(if $(findstring command,$(origin SECONDS)),"$$SECONDS",10)

.PHONY: arm64
arm64: ## Check that the engine's reports are the same on arm64 (by qemu-user), amd64 v3 and without assembly.
	@scripts/arm64.sh

.PHONY: check
check: repo house fmt vet lint deps vuln tidy generated sizes lint-contract contract ## Check files, structure, format, vet, lint with import rules, licences, vulnerabilities, module tidiness, generated code, sizes of functions, the contract.

.PHONY: repo
repo: ## Check that the repository holds no program, no file over 2 MB and no stray name at its top.
	@go run ./scripts/repo

.PHONY: house
house: ## Check that imports run down, packages stay small, and lines and comments keep to the rules of internal/README.md.
	@go run ./scripts/house

.PHONY: fmt
fmt: ## Check that the code is formatted.
	@out=$$(gofmt -l functions internal scripts terraform); [ -z "$$out" ] || { echo "not formatted (gofmt -w):"; echo "$$out"; exit 1; }

.PHONY: vet
vet: ## Run go vet.
	@go vet ./...

.PHONY: lint
lint: ## Run golangci-lint, import rules included (the first time it is built, which takes minutes).
	@go run $(GOLANGCI_LINT) run ./...

.PHONY: vuln
vuln: ## Check for known vulnerabilities. VULNDB=latest takes the newest database where vuln.go.dev cannot be reached, VULN=skip checks nothing.
	@scripts/govulncheck.sh $(GOVULNCHECK) $(VULNDB)

.PHONY: deps
deps: ## Check that internal/DEPENDENCIES.md has each direct requirement of go.mod, and that all licences are allowed.
	@go run ./scripts/deps

.PHONY: sizes
sizes: ## Build every function as it is deployed and hold the programs to their budgets (under half a minute).
	@go run ./scripts/bench start -sizes

.PHONY: soak
soak: ## Run a small steady load for MINUTES (2), and fail if the functions' process grows. It needs Linux.
	@go run ./scripts/bench soak -minutes "$${MINUTES:-2}"

.PHONY: lint-contract
lint-contract: ## Lint the API's contract by Redocly CLI and Spectral, at their recommended rules (npm installs them once).
	@go run ./scripts/contract lint

.PHONY: contract
contract: ## Compare the API's contract with the last release, internal/httpapi/released.yaml: nothing may break within a major version.
	@go run ./scripts/contract compare

.PHONY: release
release: ## Keep the API's contract as the released one, which later ones are compared with: before a deployment to production.
	@go run ./scripts/contract release

.PHONY: tidy
tidy: ## Check that go.mod and go.sum are tidy.
	@go mod tidy -diff

.PHONY: generate
generate: ## Write anew what is generated: the API's client, Unicode's tables, and what is made of the catalog.
	@go generate ./...

.PHONY: generated
generated: ## Check that the generated code is what `make generate` writes.
	@before=$$(sha256sum $(GENERATED)); go generate ./... || exit 1; \
	stale=$$(diff <(echo "$$before") <(sha256sum $(GENERATED)) | sed -n 's/^> [^ ]* *//p'); \
	[ -z "$$stale" ] || { echo "written anew, for it was stale:"; echo "$$stale"; exit 1; }

.PHONY: sdk
sdk: ## Make clients of the API in the folder OUT: for CLIENTS=go, typescript, kotlin, swift or dart, or for all.
	@: "$${OUT:?is the folder for the clients}"; case $$OUT in /*) ;; *) OUT=$$CALLED_FROM/$$OUT ;; esac; go run ./scripts/sdk -o "$$OUT" $(CLIENTS)

TFLINT := github.com/terraform-linters/tflint@v0.64.0
# The real provider's code checks the infrastructure; see terraform/README.md.
TF     := config=$$(scripts/tfprovider.sh) && TF_CLI_CONFIG_FILE=$$config

.PHONY: tf
tf: tf-provider tf-fmt tf-validate tf-lint tf-test tf-policy tf-e2e ## Check the infrastructure, without a cloud: all that begins with tf-.

.PHONY: tf-provider
tf-provider: ## Get the pinned Google provider, once: from the registry, or built from source (about 10 minutes).
	@scripts/tfprovider.sh >/dev/null

.PHONY: tf-fmt
tf-fmt: ## Check the format of the Terraform files.
	@terraform fmt -check -recursive -diff terraform

.PHONY: tf-validate
tf-validate: ## Validate the Terraform roots, and the modules with them, by the provider's schema and rules.
	@$(TF) scripts/tfstage.sh . bootstrap -- terraform validate

.PHONY: tf-lint
tf-lint: ## Lint the Terraform modules: unused declarations, undocumented variables and outputs.
	@scripts/tflint.sh $(TFLINT)

.PHONY: tf-test
tf-test: ## Test the rules of the module facescan with a mocked provider.
	@$(TF) scripts/tfstage.sh modules/facescan -- terraform test

.PHONY: tf-policy
tf-policy: ## Hold the plans of every environment, the bootstrap and the examples to the design.
	@$(TF) go test -tags terraform -count=1 -skip 'TestApply' ./terraform/checks

.PHONY: tf-e2e
tf-e2e: ## Bootstrap, apply, re-plan, change and destroy on a fake cloud, send events on the Pub/Sub emulator, build and boot every package.
	@$(TF) go test -tags terraform -count=1 -timeout 20m -run 'TestApply|TestZips|TestProviderSource|TestGCSBackend|TestPlannedResources' \
		./terraform/checks ./internal/deploy ./internal/deploy/pack ./internal/deploy/fakegcp

.PHONY: package
package: ## Package every function for deployment, each beside the list of its modules (SBOM).
	@go run ./scripts/deploy package

.PHONY: bootstrap
bootstrap: ## Prepare PROJECT for ENV as its owner: state bucket, accounts and their rights, Firebase apps, secrets. It may be repeated.
	@go run ./scripts/deploy bootstrap -env "$$ENV" $(if $(PROJECT),-project "$$PROJECT") $(if $(DRY_RUN),-dry-run)

.PHONY: doctor
doctor: ## Check what a deployment to ENV needs: billing, rights, secrets, quotas, policies, domain... It mends nothing.
	@go run ./scripts/deploy doctor -env "$$ENV" $(if $(DRY_RUN),-dry-run)

.PHONY: cost
cost: ## Print what 1,000 scans and months of three sizes cost, with the arithmetic, and fail above the budget. What is paid at rest, `make plan` prints.
	@go run ./scripts/deploy cost

.PHONY: plan
plan: ## Show what a deployment to ENV would change and cost.
	@go run ./scripts/deploy plan -env "$$ENV" $(if $(DRY_RUN),-dry-run)

.PHONY: deploy
deploy: ## Deploy to ENV (terraform/environments/ENV.tfvars). DRY_RUN=1 does it twice, destroys and does it again on a fake cloud.
	@go run ./scripts/deploy apply -env "$$ENV" $(if $(DRY_RUN),-dry-run)

.PHONY: releases
releases: ## List the deployments to ENV whose checks passed.
	@go run ./scripts/deploy releases -env "$$ENV"

.PHONY: rollback
rollback: ## Send requests back to the functions of the deployment before the present one, or of commit TO. LATEST=1 undoes it.
	@go run ./scripts/deploy rollback -env "$$ENV" $(if $(TO),-to "$$TO") $(if $(LATEST),-latest)

.PHONY: explain
explain: ## Print the errors that operators meet, with cause and remedy.
	@go run ./scripts/deploy explain

.PHONY: migrate
migrate: ## Bring PROJECT's documents into this version's shape, right after a deployment. STEP=name runs one step, DRY_RUN=1 writes nothing.
	@go run ./scripts/migrate $(if $(PROJECT),-project "$$PROJECT") $(if $(STEP),-step "$$STEP") $(if $(DRY_RUN),-dry-run)

.PHONY: destroy
destroy: ## Destroy ENV.
	@go run ./scripts/deploy destroy -env "$$ENV" $(if $(DRY_RUN),-dry-run)

endif
