# Everything works in .venv, which is made on demand. PYTHON may name another Python >= 3.11.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
SOURCES := pyproject.toml standpartner/__init__.py

.PHONY: demo test slow lint docs clean bench peers

demo: $(VENV)/.base  ## follow the bundled piece with the bundled agent; look at demo/index.html afterwards
	$(BIN)/standpartner demo --out demo

test: $(VENV)/.test  ## install what the tests need and run those that are quick
	$(BIN)/python -m pytest -n auto --dist loadgroup -m "not slow"

slow: $(VENV)/.test  ## the other tests
	$(BIN)/python -m pytest -n auto --dist loadgroup -m slow

lint: $(VENV)/.test  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.docs  ## build the site; look at site/index.html afterwards
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet

bench: $(VENV)/.test  ## side-by-side timings
	$(BIN)/python benchmarks/follower.py

peers: .venv-peers/.peers  ## an environment of its own for the baseline otw (Python 3.11 or 3.12)

clean:  ## remove what make and the tools made
	rm -rf $(VENV) .venv-peers build dist demo site .pytest_cache .mypy_cache .ruff_cache *.egg-info

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: $(SOURCES) | $(VENV)/bin/python
	$(PIP) install -e . -c constraints.txt
	touch $@

$(VENV)/.test: $(SOURCES) constraints.txt | $(VENV)/bin/python
	$(PIP) install -e '.[test]' -c constraints.txt
	touch $@ $(VENV)/.base

$(VENV)/.docs: $(SOURCES) constraints.txt | $(VENV)/bin/python
	$(PIP) install -e '.[docs]' -c constraints.txt
	touch $@

.venv-peers/.peers: pyproject.toml
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check '.[peers]'
	.venv-peers/bin/python -I standpartner/evaluate/players/pymatchmaker_runner.py .
	touch $@
