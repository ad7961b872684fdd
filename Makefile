# Everything a fresh machine needs beyond Python 3.11+, git and make is installed here, into .venv.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: build test test-one lint check bench bench-full docs lock web browser clean help

PYTHON := $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
  "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
PAGES := src/krisc/web/review.js
# What is imported is compiled once and kept: uv compiles nothing, and would take a minute and a half for all of it.
unexport PYTHONDONTWRITEBYTECODE

## build: set up, validate the corpus and compile it
build: $(VENV)/.ready
	$(BIN)/krisc compile

## test: set up, lint, type-check and test, on every Python from 3.11 to 3.13 that is here
test: lint test-one
	@scripts/test-pythons

## test-one: the tests on one Python
test-one: $(VENV)/.ready web
	$(BIN)/python -m pytest -n auto --dist worksteal $(PYTEST_FLAGS)

## web: the pages of krisc review and krisc view, bundled from web/ (needs node and npm)
web: browser
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(PAGES); \
	  else echo "There is no npm here: the pages are not built, and their tests are left out." >&2; fi

$(PAGES): $(wildcard web/*.js web/*.css web/*.html web/*.json) web/.npmrc
	cd web && npm ci --silent && npm run --silent build

## browser: what the pages are built and tested with, from the system's packages, where we may install them
browser:
	@need=(); command -v npm >/dev/null || need+=(nodejs npm); \
	command -v chromedriver >/dev/null || need+=(chromium chromium-driver); \
	if [ $${#need[@]} -gt 0 ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing $${need[*]} with apt-get, for the pages and their tests."; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$${need[@]}" >/dev/null \
	    || echo "This did not work: tests in a browser are left out." >&2; \
	elif [ $${#need[@]} -gt 0 ]; then \
	  echo "Not here: $${need[*]}. Tests in a browser are left out; install them to run these." >&2; fi

## lint: style and types
lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

## check: rebuild the newest release and compare it, and look for generated files that are stale
check: $(VENV)/.ready
	$(BIN)/krisc check

## docs: write the generated pages, schemas, datasheet and citation anew
docs: $(VENV)/.ready
	$(BIN)/krisc docs

## bench: speed and memory against a floor and against peers; writes docs/benchmarks.md (a quarter of an hour)
bench: $(VENV)/.ready
	$(BIN)/python bench/bench.py

## bench-full: the same, with the memory that 1,000,000 documents take (hours)
bench-full: $(VENV)/.ready
	$(BIN)/python bench/bench.py --full --profile

## lock: resolve the dependencies anew, with hashes
lock: $(VENV)/.ready
	$(BIN)/uv pip compile --quiet pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --custom-compile-command "make lock" --output-file requirements.lock

## clean: remove what was made, except releases
clean:
	rm -rf .venv* .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis web/node_modules src/krisc/web

## help: this list
help:
	@sed -n 's/^## //p' Makefile

$(VENV)/.ready: requirements.lock pyproject.toml scripts/environment
	@test -n "$(PYTHON)" || { echo "krisc needs Python 3.11 or newer on the path" >&2; exit 1; }
	scripts/environment $(PYTHON) $(VENV)
	@touch $@
