# The commands of this project; each sets up what is missing first. `make help` lists them.
STACK ?= staging
PYTHON ?= python3
VENV := .venv/bin

.PHONY: help up preview dev test lint bench faults down reset toolchain
.DEFAULT_GOAL := help

help: ## list the commands
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST)
	@echo "  STACK=production  with up and preview: another stack than staging"

toolchain: ## set up what is missing: engine, plugins, command-line tools, Python packages
	@$(PYTHON) -m toolchain ensure

up: toolchain ## release the stack into the local cloud, which is started where it is not running
	@$(VENV)/python -m localcloud exec --page -- pulumi up --stack $(STACK) --yes

preview: toolchain ## show what `make up` would do
	@$(VENV)/python -m localcloud exec -- pulumi preview --stack $(STACK) --diff

dev: toolchain ## develop locally: database and functions follow each save (ARGS=--help: options)
	@exec $(VENV)/python -m localcloud dev $(ARGS)

test: toolchain lint ## the whole suite, with the real engine on local clouds of its own
	@$(VENV)/python -m pytest -n 2 --dist loadfile

faults: toolchain ## disturb releases at one point after the other, 20 minutes; ARGUMENTS="--minutes 0" for all, or --help
	@$(VENV)/python -m faults $(ARGUMENTS)

lint: toolchain ## static checks
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .
	@$(VENV)/mypy .
	@$(VENV)/shellcheck release/command provider/pulumi-resource-supabase localcloud/github/hooks/proc-receive scripts/*.sh .ci/run
	@$(VENV)/actionlint -shellcheck=$(VENV)/shellcheck
	@$(VENV)/zizmor --quiet --offline --strict-collection --persona=auditor .github
	@$(VENV)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(VENV)/check-jsonschema --quiet --builtin-schema custom.github-workflows-require-timeout .github/workflows/*.yml
	@$(VENV)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml

bench: toolchain ## measure time and memory against the goals (docs/performance.md)
	@$(VENV)/python -m bench

down: ## stop the local cloud; its data stays
	@$(VENV)/python -m localcloud stop

reset: ## stop the local cloud and forget everything in it
	@$(VENV)/python -m localcloud reset --yes
