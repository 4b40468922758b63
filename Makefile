# The commands of the house. On a fresh machine they need python3 (3.11 or later, with venv) and make.
PYTHON ?= python3
PIP_ARGS ?=
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: setup demo test bench docs lint weights clean help

help:
	@echo "make setup   install everything into .venv, at the versions of constraints.txt"
	@echo "make demo    make two clips, recast one, and say where the results are"
	@echo "make test    formatting, lint, types, import rules and all tests"
	@echo "make bench   frames per second of each phase, steps per second, memory"
	@echo "make docs    draw the pictures of docs/ and write its tables"
	@echo "make lint    what make test runs before the tests"
	@echo "make clean   remove caches, build files and demo-out"

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is $$($(PYTHON) --version 2>&1), but 3.11 or later is needed: make setup PYTHON=python3.11"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) "$$(grep '^torch==' constraints.txt)" -c constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -e '.[dev]' -c constraints.txt
# the tests compare networks with face-alignment's; it asks for an OpenCV that needs a desktop, so it comes alone
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) --no-deps face-alignment -c constraints.txt
	@touch $@

demo: setup
	$(BIN)/understudy demo demo-out

# Tests that need a weight file are skipped where it cannot be fetched, and say so.
weights: setup
	@$(BIN)/understudy weights pull || echo "weight files could not be fetched: the tests that need them will be skipped"

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: setup weights lint
	$(BIN)/pytest

bench: setup weights
	$(BIN)/python bench/run.py

docs: setup weights
	$(BIN)/python docs/make_pictures.py
	$(BIN)/python docs/generate.py

clean:
	rm -rf demo-out dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
