# `make run` and `make test` are all that a newcomer needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
APPS := .venv-instrumentations
# Some images forbid it; then each of the hundreds of processes that tests start would compile every module again.
export PYTHONDONTWRITEBYTECODE :=
PIP := $(BIN)/pip --disable-pip-version-check --quiet

.PHONY: run demo test setup instrumentations lint format bench fuzz lock clean

run: $(VENV)/.run  ## everything on the embedded engine, addresses on the screen
	@$(BIN)/spanledger up

demo: $(VENV)/.run  ## a service full of made-up traffic with known incidents, and what the jobs find in it
	@$(BIN)/spanledger demo

test: setup instrumentations  ## all tests
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

setup: $(VENV)/.dev  ## what developers need

# Without it only the tests that need it fail, each with a sentence.
instrumentations: setup  ## SDKs and instrumentations that tests run, in an environment of their own
	@$(MAKE) --silent $(APPS)/.installed || echo "The tests of instrumentations will fail: $(APPS) could not be made."

lint: setup  ## style and types, warnings are errors
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy

format: setup
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench: $(VENV)/.bench  ## the figures of the README, about 15 minutes
	@$(BIN)/python -m bench

fuzz: setup  ## the property tests with FUZZ times more examples, about ten minutes
	@FUZZ=$${FUZZ:-40} $(BIN)/python -m pytest -m hypothesis -q

lock: setup  ## new lock files from pyproject.toml
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate --extra dev --extra bench \
		-c requirements.lock pyproject.toml -o requirements-dev.lock
	@$(BIN)/uv pip compile -q --python-version 3.11 --no-header --no-annotate \
		--override tests/instrumentations/overrides.txt tests/instrumentations/requirements.in \
		-o tests/instrumentations/requirements.txt

clean:
	rm -rf $(VENV) $(APPS) build *.egg-info .mypy_cache .ruff_cache .pytest_cache

$(VENV)/bin/python:
	@echo "Making a virtual environment in $(VENV) …"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(VENV)/bin/python requirements.lock pyproject.toml
	@echo "Installing (about 300 MB to fetch the first time) …"
	@$(PIP) install -r requirements.lock
	@$(PIP) install --no-deps -e .
	@touch $@

$(VENV)/.dev: $(VENV)/bin/python requirements-dev.lock pyproject.toml
	@echo "Installing with what developers need …"
	@$(PIP) install -r requirements-dev.lock
	@$(PIP) install --no-deps -e .
	@touch $@ $(VENV)/.run

$(APPS)/.installed: tests/instrumentations/requirements.txt
	@echo "Installing SDKs and instrumentations for the tests …"
	@rm -f $@
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(APPS)
	@$(BIN)/uv pip install --quiet --no-deps --compile-bytecode --python $(APPS)/bin/python -r $<
	@cp $< $@

$(VENV)/.bench: $(VENV)/.dev
	@touch $@
