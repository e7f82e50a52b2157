# Everything starts here: `make help` lists what there is. Needs Python >= 3.11 and make; the rest
# is set up in .venv, once, and again when a pyproject.toml changes.

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The first interpreter that is new enough and really runs: a pyenv shim may exist and still fail.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3 python3.14 python; do \
	"$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
		2>/dev/null && echo "$$python" && break; done)

# Python 3.13, where it is present: by name, or among what pyenv has installed.
PYTHON313 ?= $(shell for python in python3.13 "$$(pyenv prefix 3.13 2>/dev/null)/bin/python3.13" \
	"$$HOME"/.pyenv/versions/3.13*/bin/python3.13; do \
	"$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info[:2] != (3, 13))' \
		2>/dev/null && echo "$$python" && break; done)

BIN := .venv/bin
BIN313 := .venv-3.13/bin
JOBS ?= 2
PIP := -m pip --disable-pip-version-check --quiet

PLUGINS := $(notdir $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml)))
DEMO_PLUGINS := $(addprefix plugins/,gluepy-flights gluepy-logging gluepy-metrics)
SOURCES := gluepy_core tests plugins benchmarks docs

# --- set-up ---------------------------------------------------------------------------------------

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "No Python >= 3.11 with venv found. Name one: make PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv .venv

# A recent pip: --group needs 25.1.
.venv/.pip: | .venv/bin/python
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip
	@$(BIN)/python $(PIP) install --upgrade pip
	@touch $@

.venv/.dev: pyproject.toml setup.cfg | .venv/.pip
	@echo "Setting up .venv for development ..."
	@$(BIN)/python $(PIP) install --editable . --group dev
	@touch $@

.venv/.demo: pyproject.toml setup.cfg $(wildcard plugins/*/pyproject.toml) | .venv/.pip
	@echo "Setting up .venv for the demo ..."
	@$(BIN)/python $(PIP) install --editable . $(addprefix --editable ,$(DEMO_PLUGINS))
	@touch $@

.venv-3.13/.test: pyproject.toml setup.cfg
	@echo "Setting up .venv-3.13 ..."
	@test -x $(BIN313)/python || $(PYTHON313) -m venv .venv-3.13
	@$(BIN313)/python $(PIP) install --upgrade pip
	@$(BIN313)/python $(PIP) install --editable . --group test
	@touch $@

# What a plugin, or its tests, needs from the folder beside it.
BESIDE_gluepy-dask := plugins/gluepy-flights
BESIDE_gluepy-web := plugins/gluepy-report

# One environment per plugin: what a plugin forgot to require is then found missing.
.venv-plugins/%/.test: plugins/%/pyproject.toml pyproject.toml setup.cfg | .venv/bin/python
	@echo "Setting up .venv-plugins/$* ..."
	@test -x $(@D)/bin/python || $(BIN)/python -m venv $(@D)
	@$(@D)/bin/python $(PIP) install --upgrade pip
	@$(@D)/bin/python $(PIP) install --editable . --editable plugins/$* \
		$(addprefix --editable ,$(BESIDE_$*)) \
		--group plugins/$*/pyproject.toml:test
	@touch $@

# --- what people call -----------------------------------------------------------------------------

.PHONY: help
help: ## Show this list.
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1|\2/p' Makefile | \
		while IFS='|' read -r name text; do printf '  %-14s %s\n' "$$name" "$$text"; done

.PHONY: demo
demo: export PATH := $(CURDIR)/$(BIN):$(PATH)
demo: export GLUEPY_JSONLOG := events.jsonl
demo: export GLUEPY_METRICS_TEXTFILE_DIR := .
demo: .venv/.demo ## Run a real pipeline on 336,776 flights, in the folder demo/.
	@mkdir -p demo && rm -f demo/events.jsonl demo/*.prom && touch demo/.started
	cd demo && gluepy list
	cd demo && gluepy plugins
	cd demo && gluepy dag flight-delays --executor processes
	@echo "What gluepy-logging noted:  demo/events.jsonl ($$(wc -l <demo/events.jsonl) events)"
	@echo "What gluepy-metrics wrote:  $$(ls demo/*.prom)"
	@echo "The report:  $$(find demo -name 'report*' -type f -newer demo/.started)"

.PHONY: test
test: lint types layers docs ## Check style, types, layers and documents, then test the core.
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --cov --cov-report=term tests

.PHONY: lint
lint: .venv/.dev ## Check the style of all code.
	@$(BIN)/ruff check $(wildcard $(SOURCES))
	@$(BIN)/ruff format --check $(wildcard $(SOURCES))

.PHONY: types
types: .venv/.dev $(addprefix types-,$(PLUGINS)) ## Check the types of package, tests and plugins.
	@$(BIN)/mypy gluepy_core/gluepy tests

.PHONY: $(addprefix types-,$(PLUGINS))
$(addprefix types-,$(PLUGINS)): types-%: .venv/.dev
	@cd plugins/$* && MYPYPATH=src$(foreach one,$(BESIDE_$*),:../../$(one)/src) \
		../../$(BIN)/mypy --config-file ../../pyproject.toml \
		--cache-dir ../../.mypy_cache/$* src tests

.PHONY: layers
layers: .venv/.dev ## Check that modules import only from lower layers.
	@$(BIN)/lint-imports --config setup.cfg --no-cache

.PHONY: docs
docs: .venv/.dev ## Build the documents into docs/_build/html.
	@$(BIN)/sphinx-build -W --keep-going --quiet -b html docs docs/_build/html

.PHONY: faults
faults: .venv/.dev ## Run the fault suite in full: thousands of kills and disk faults; half an hour or more.
	@GLUEPY_FAULTS=full $(BIN)/python -m pytest -n $(JOBS) tests/faults tests/unit/testing/test_faults.py

.PHONY: test-313
test-313: ## Run unit and functional tests under Python 3.13, where it is present.
ifeq ($(PYTHON313),)
	@echo "No Python 3.13 here: skipped."
else
	@$(MAKE) .venv-3.13/.test
	@$(BIN313)/python -m pytest -n $(JOBS) --dist loadfile tests/unit tests/functional
endif

.PHONY: test-plugins
test-plugins: $(addprefix test-,$(PLUGINS)) ## Run the tests of every plugin, each in its own environment.

.PHONY: $(addprefix test-,$(PLUGINS))
$(addprefix test-,$(PLUGINS)): test-%: .venv-plugins/%/.test
	@echo "Testing $* ..."
	@cd plugins/$* && ../../.venv-plugins/$*/bin/python -m pytest

.PHONY: bench
bench: .venv/.dev ## Measure start-up, steps, executors, plans and the search for runs, each against a floor.
	@$(BIN)/python -m benchmarks

.PHONY: format
format: .venv/.dev ## Put all code into shape.
	@$(BIN)/ruff check --fix $(wildcard $(SOURCES))
	@$(BIN)/ruff format $(wildcard $(SOURCES))

.PHONY: clean
clean: ## Remove environments, caches and what was built.
	rm -rf .venv .venv-3.13 .venv-plugins build dist demo docs/_build .coverage .coverage.* \
		.mypy_cache .ruff_cache .pytest_cache .import_linter_cache .grimp_cache .hypothesis \
		gluepy_core/*.egg-info plugins/*/src/*.egg-info
