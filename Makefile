PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3.11)
BIN := .venv/bin
STACK := $(BIN)/python -m stitch_dev
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup run start stop reset test

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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
	@$(BIN)/pytest -n auto --dist loadfile $(ARGS)
