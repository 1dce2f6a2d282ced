# Needs only make and a python3 (3.11 or newer) with venv; everything else goes into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

.PHONY: all demo docs bench test lint clean

# Each prints sections of benchmarks/RESULTS.md.
BENCHMARKS := cold warm scale inference training

all: $(READY)

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --editable '.[dev]'
	touch $@

demo: $(READY)
	mkdir -p build
	$(BIN)/archdsl compile specs/googlenet.arch -o build/googlenet.py
	$(BIN)/archdsl draw specs/googlenet.arch -o build/googlenet.svg
	$(BIN)/archdsl compile efficientnet_lite0 -o build/efficientnet_lite0.py
	$(BIN)/python examples/imagenet_demo.py

docs: $(READY)
	$(BIN)/python docs/gallery.py
	$(BIN)/python docs/messages.py
	$(BIN)/python docs/compare.py
	$(BIN)/python docs/counting.py
	PYTHONPATH=tests $(BIN)/python docs/zoo.py

bench: $(READY)
	$(BIN)/python benchmarks/results.py $(BENCHMARKS)

test: lint
	$(BIN)/python -m pytest -n 2 --dist worksteal --durations 20 -m "not gpu"

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

clean:
	rm -rf $(VENV) build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
