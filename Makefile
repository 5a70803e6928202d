# Everything a developer does, by name: `make help`. Needs Python 3.11 or later and make; the rest is fetched.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST := $(BIN)/pytest

# make demo DURATION=30 RATE=50 SCENARIO=drop
DURATION ?=
RATE ?=
SCENARIO ?=
# Further words for the program that a target starts: make test ARGS='-k retraction -x'
ARGS ?=

export PYTHONPATH := $(CURDIR)
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help setup lock demo test test-unit test-contract test-rules test-integration lint format generate \
        check-generated bench bench-check flame bench-alerts chaos clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: $(READY) ## Make .venv with everything from requirements.lock

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Python 3.11 or later is needed; name one: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

lock: ## Resolve the newest allowed versions into requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --upgrade \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' \
	    --extra demo --extra dev pyproject.toml -o requirements.lock

demo: $(READY) ## Live scores from simulated traffic (DURATION=seconds RATE=events/s SCENARIO=name)
	$(BIN)/cx demo $(if $(DURATION),--duration $(DURATION)) $(if $(RATE),--rate $(RATE)) \
	    $(if $(SCENARIO),--scenario $(SCENARIO)) $(ARGS)

test: $(READY) ## All tests; those on real Kafka need Java 17 and Maven, or CX_TEST_BROKER=host:port
	$(PYTEST) $(ARGS)

test-unit: $(READY) ## Tests without any broker or browser
	$(PYTEST) tests/unit $(ARGS)

test-contract: $(READY) ## Schemas, examples, decoder and AsyncAPI against each other
	$(PYTEST) tests/contract $(ARGS)

test-rules: $(READY) ## Dashboards, alert rules and the compose file
	$(PYTEST) tests/rules $(ARGS)

test-integration: $(READY) ## Tests on a real Kafka
	$(PYTEST) tests/integration $(ARGS)

lint: $(READY) ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY) ## Let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

generate: $(READY) ## Write the generated files again (dashboards, metric pages)
	$(BIN)/python -m grafana.build

check-generated: generate ## Fail when a generated file is not what its source gives
	@git diff --exit-code -- grafana docs || { echo "Generated files differ: run 'make generate' and commit."; exit 1; }

bench: $(READY) ## Speed beside peers, on a real Kafka
	$(BIN)/python -m bench $(ARGS)

bench-check: $(READY) ## Fail when the worker has fallen behind the floor, side by side; a minute
	$(BIN)/python -m bench --quick --only interactions,floor --runs 3 --quiet 0 --out bench/results/check.json $(ARGS)

flame: $(READY) ## A flame graph of a worker at a backlog, and its top functions (JOB=interactions OUT=flame.svg)
	$(BIN)/python -m bench.flame --job $(or $(JOB),interactions) --out $(or $(OUT),flame.svg) $(ARGS)

bench-alerts: $(READY) ## False alarms and delay of the detector of drops, simulated; a quarter of an hour
	$(BIN)/python -m bench.alerts $(ARGS)

chaos: $(READY) ## Exact counts whatever dies, on a real Kafka (CHAOS_MINUTES=10 CHAOS_SEED=number)
	$(BIN)/python -m tests.chaos $(ARGS)

clean: ## Remove the environment and the caches
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
