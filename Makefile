PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3.11)
BIN := .venv/bin
STACK := $(BIN)/python -m stitch_dev
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup run start stop reset test e2e chaos check lint types imports dependencies rules generate lock bench bench-bus bench-auth bench-gateway bench-storm

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9 -]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Make .venv and install what requirements.lock pins, if anything changed
	@$(PYTHON) -I libs/devstack/src/stitch_dev/environment.py

run: setup ## Run the whole system in this terminal; Ctrl-C ends it
	@$(STACK) run

start: setup ## Run the whole system in the background; returns when all is ready
	@$(STACK) start

stop: ## End the system
	@test ! -x $(BIN)/python || $(STACK) stop

reset: ## End the system and delete its data
	@test ! -x $(BIN)/python || $(STACK) reset

test: setup ## Run all tests; ARGS="services/events -k seats" for some of them
	@$(BIN)/pytest -n auto --dist loadfile $(or $(ARGS),--ignore=tests/e2e)
	@$(if $(ARGS),true,$(BIN)/pytest tests/e2e)

e2e: setup ## Run the journeys over the whole system only
	@$(BIN)/pytest tests/e2e $(ARGS)

chaos: setup ## Kill servers and processes under 20,000 facts; a quarter of an hour
	@STITCH_CHAOS_FACTS=20000 STITCH_CHAOS_KILLS=40 STITCH_CHAOS_PATIENCE=600 STITCH_CHAOS_AWAY=180 \
		STITCH_QUIET_SECONDS=90 $(BIN)/pytest tests/chaos libs/common/tests/bus/test_quiet.py \
		libs/common/tests/bus/test_cluster.py --durations=0 $(ARGS)

check: setup ## Lint, types, import and dependency rules, generated files; under a minute
	@$(MAKE) --no-print-directory -j2 --output-sync=target lint types imports dependencies rules

lint:
	@$(BIN)/ruff check . && $(BIN)/ruff format --check --quiet .

types:
	@$(BIN)/mypy libs services tests bench

imports:
	@$(BIN)/lint-imports --no-logo

dependencies:
	@for member in libs/* services/*; do (cd $$member && ../../$(BIN)/deptry src $$(ls -d migrations 2>/dev/null) --no-ansi) || exit 1; done

rules:
	@$(BIN)/pytest -q tests/architecture libs/common/tests/contracts

generate: setup ## Make the generated files anew: docs/events.md, schemas, docs/openapi
	@$(BIN)/python -m stitch_common.contracts.generate
	@$(BIN)/python -m stitch_dev.openapi
	@$(BIN)/python -m stitch_dev.consumers

lock: setup ## Make requirements.lock anew, after a pyproject.toml has changed
	@$(BIN)/uv pip compile libs/*/pyproject.toml services/*/pyproject.toml --group pyproject.toml:dev \
		--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
		--no-emit-package stitch-common --quiet --output-file requirements.lock

bench: setup ## Run all benchmarks; each ends with one JSON line of ratios
	@for one in events bus auth gateway storm; do PYTHONPATH=. $(BIN)/python bench/$$one.py || exit 1; done

bench-bus bench-auth bench-gateway bench-storm: bench-%: setup ## Run one benchmark only; some minutes
	@PYTHONPATH=. $(BIN)/python bench/$*.py
