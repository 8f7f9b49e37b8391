# `make run` and `make test` set up everything they need in .venv, from the lock file, and nothing outside this folder.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test soak lint setup lock clean

run: setup
	@$(BIN)/scaletop $(ARGS)

test: setup lint
	$(BIN)/python -m pytest $(ARGS)

soak: setup
	HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest $(ARGS)

lint: setup
	$(BIN)/ruff check engine tui tests
	$(BIN)/mypy
	$(BIN)/lint-imports

setup: $(VENV)/.ready

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Versions and hashes, no addresses: the registry is the installing machine's choice.
lock: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check pip-tools
	$(BIN)/python -m piptools compile --quiet --allow-unsafe --all-extras --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --strip-extras -o requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) build *.egg-info
