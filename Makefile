# The workbench. Every target sets itself up; `make` alone prints what there is.
# Needs Python 3.11 or newer, make, git and a POSIX shell; everything else is installed by itself.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
INSTALLED := $(VENV)/.installed
GEN ?= generated
BUILD := build

PIP_INSTALL := -m pip install --disable-pip-version-check --no-input -qq
PROTOS = $(shell cd protos && find . -name '*.proto' | sed 's|^\./||' | sort)
CODE := $(wildcard service gateway tests benchmarks demo protos/plugin)
ASYNC_DEBUG := PYTHONASYNCIODEBUG=1
PYTEST := $(ASYNC_DEBUG) $(PY) -m pytest

# The clients of other people, each with dependencies of its own and therefore an environment of its own.
PY_CLIENTS := $(patsubst tests/clients/%.txt,%,$(wildcard tests/clients/*.txt))
PY_CLIENT_STAMPS := $(PY_CLIENTS:%=.clients/%/.installed)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# --- setting up -------------------------------------------------------------------------------

.PHONY: install hooks lock

install: $(INSTALLED) ## virtual environment, editable install, development tools

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tidings needs Python 3.11 or newer; try: make PYTHON=python3.11")'
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@$(PY) $(PIP_INSTALL) --require-hashes -r constraints.txt
	@$(PY) $(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

# --- generated code ---------------------------------------------------------------------------

.PHONY: generate check-generated

JSON_PLUGIN := $(wildcard protos/plugin/protoc-gen-tidings-json)
SITE = $$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')

# Writes everything that is made from protos/ below the folder $(1).
define protoc_into
	PATH="$(CURDIR)/$(BIN):$$PATH" $(PY) -m grpc_tools.protoc -Iprotos -I"$(SITE)" \
	  --python_out=$(1) --grpc_python_out=$(1) --mypy_out=quiet:$(1) --mypy_grpc_out=quiet:$(1) \
	  $(if $(JSON_PLUGIN),--plugin=protoc-gen-tidings-json=$(JSON_PLUGIN) --tidings-json_out=$(1)) $(PROTOS) \
	&& touch $(1)/tidings/v1/__init__.py $(1)/tidings/v1/py.typed
endef

generate: $(INSTALLED) ## write generated/ from protos/
	@tmp=$$(mktemp -d) && trap 'rm -rf "$$tmp"' EXIT && $(call protoc_into,"$$tmp") \
	  && mkdir -p $(GEN) && rm -rf $(GEN)/tidings && cp -R "$$tmp/tidings" $(GEN)/

check-generated: $(INSTALLED) ## fail if generated/ is not what protos/ says
	@tmp=$$(mktemp -d) && trap 'rm -rf "$$tmp"' EXIT && $(call protoc_into,"$$tmp") \
	  && diff -r -x __pycache__ "$$tmp" $(GEN) \
	  || { echo "generated/ is stale: run make generate" >&2; exit 1; }
