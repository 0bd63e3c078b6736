# Assay: what a person does with it. `make demo` is the place to begin.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help setup build demo up down status psql test format lint clean

SWIFT ?= swift
SOURCES := Package.swift Shared Services Tests Tools $(wildcard Benchmarks)
ASSAY := .build/release/assay
# The folder of the local stack; make psql STACK=.local/demo looks at what `assay demo --keep` left running.
STACK ?= .local

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
	$(ASSAY) up --directory $(STACK)

down: ## stop what the local stack runs; its data stay
	@if [[ -x $(ASSAY) ]]; then $(ASSAY) down --directory $(STACK); else echo "make: nothing is built, so nothing was started from here"; fi

status: ## what runs, where, and how far behind it is
	@[[ -x $(ASSAY) ]] || { echo "make: nothing is built; make up starts the stack" >&2; exit 1; }
	@$(ASSAY) status --directory $(STACK)

psql: ## a session in the local stack's database
	@[[ -r $(STACK)/stack.env ]] || { echo "make: no local stack in $(STACK); make up starts one" >&2; exit 1; }
	@. $(abspath $(STACK))/stack.env && exec psql "$$ASSAY_POSTGRES_URL"

test: build ## all tests, then a small demo
	$(SWIFT) build --build-tests
	$(SWIFT) test --disable-xctest --skip-build
	$(ASSAY) demo --small

format: ## lay the sources out
	$(SWIFT) format -i -r $(SOURCES)

lint: ## complain about layout
	$(SWIFT) format lint --strict -r $(SOURCES)

clean: ## stop what runs, then remove what was built and all local data
	@if [[ -x $(ASSAY) ]]; then \
	    for stack in .local .local/demo; do if [[ -d $$stack ]]; then $(ASSAY) down --directory $$stack; fi; done; \
	fi
	@# Where the server's user cannot reach this folder, its files lie elsewhere and a link leads there.
	@for link in .local/postgres .local/demo/postgres; do if [[ -L $$link ]]; then rm -rf "$$(readlink $$link)"; fi; done
	rm -rf .build .local
