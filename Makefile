# Every target works from a fresh checkout; all that they need goes into .venv.

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test check format results results-smoke clean

help:  ## list the targets
	@echo "make <target>, with PYTHON=python3.12 or so to pick another interpreter (3.11 or later):"
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/  \1\t\2/p' Makefile | expand -t 16

demo: .venv/.installed  ## segment a shipped clip by two sentences, on the CPU, without a data set
	$(BIN)/slvp segment examples/cars.mp4 "the car on the left" "the car on the right" --out outputs/demo --overwrite

test: .venv/.installed-dev  ## run all tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

check: .venv/.installed-dev  ## lint, format, types, order of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/.installed-dev  ## format, and mend what can be mended by itself
	$(BIN)/ruff check --fix --exit-zero
	$(BIN)/ruff format

results: .venv/.installed-dev  ## draw the tables and plots of docs/results.md from the cards that are kept
	$(BIN)/slvp study draw all --cards docs/results/cards --out docs/results --page docs/results.md

results-smoke: .venv/.installed-dev  ## run every study with a tiny model, and draw it
	rm -rf outputs/results-smoke
	OMP_NUM_THREADS=1 $(BIN)/slvp study run all --smoke --seeds 0 --quiet --out outputs/results-smoke
	$(BIN)/slvp study draw all --out outputs/results-smoke

clean:  ## remove what these targets made
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist outputs/demo outputs/results-smoke
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) not found; name a Python 3.11 or later with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "make: $(PYTHON) is older than 3.11; name a later one with PYTHON=python3.11 or so" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "make: $(PYTHON) comes without venv; install it (Debian, Ubuntu: apt-get install python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.installed: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing slvp and what it needs into .venv; the first time this takes minutes."
	$(INSTALL) -e .
	@touch $@

.venv/.installed-dev: .venv/.installed
	$(INSTALL) -e ".[dev]"
	@touch $@
