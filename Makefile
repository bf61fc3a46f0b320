# Two commands matter: `make demo` and `make test`. Both set up everything they need in .venv first.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.installed

.PHONY: demo test bench lint types check clean

demo: $(READY)
	@$(BIN)/python -m mesh demo

test: $(READY)
	$(BIN)/python -m pytest

# Ratios within one run; nothing else should keep the machine busy. `make bench PRODUCTS=1000` is the full size.
PRODUCTS ?= 100
bench: $(READY)
	$(BIN)/python benchmarks/program_run.py --products $(PRODUCTS)
	$(BIN)/python benchmarks/access_matrix.py
	$(BIN)/python benchmarks/training.py

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy

check: lint types test

# The lock is complete, so dependencies are not resolved again: xgboost's GPU library (about 470 MB) stays out.
$(READY): requirements.lock pyproject.toml
	@echo "Setting up .venv (once; a minute or two) ..."
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

clean:
	rm -rf .venv build .mesh
