# Assay: what a person does with it. `make demo` is the place to begin.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help setup build demo up down status psql test format lint clean

SWIFT ?= swift
SOURCES := Package.swift Shared Services Tests $(wildcard Benchmarks)
ASSAY := .build/release/assay

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what is missing from Debian's packages
	@deploy/install-packages build local test
	@command -v $(SWIFT) >/dev/null || { echo "make: no Swift in PATH; get 6.3 or later from swift.org/install" >&2; exit 1; }

build: setup ## compile for release
	$(SWIFT) build -c release

demo: build ## stream a week of transactions through a local stack, and show the result
	$(ASSAY) demo

up: build ## start the local stack: PostgreSQL, Kafka and the services
	$(ASSAY) up

down: ## stop what the local stack runs; its data stay
	@if [[ -x $(ASSAY) ]]; then $(ASSAY) down; else echo "make: nothing is built, so nothing was started from here"; fi

status: ## what runs, where, and how far behind it is
	@[[ -x $(ASSAY) ]] || { echo "make: nothing is built; make up starts the stack" >&2; exit 1; }
	@$(ASSAY) status

psql: ## a session in the local stack's database
	@[[ -r .local/stack.env ]] || { echo "make: no local stack; make up starts it" >&2; exit 1; }
	@. .local/stack.env && exec psql "$$ASSAY_POSTGRES_URL"

test: setup ## all tests
	$(SWIFT) test --disable-xctest

format: ## lay the sources out
	$(SWIFT) format -i -r $(SOURCES)

lint: ## complain about layout
	$(SWIFT) format lint --strict -r $(SOURCES)

clean: ## stop what runs, then remove what was built and all local data
	@if [[ -x $(ASSAY) ]]; then $(ASSAY) down; fi
	rm -rf .build .local
