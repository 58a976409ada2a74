# Two commands for a newcomer: `make demo` and `make test`. Each makes what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA_OPTION := $(if $(DATA),--data "$(DATA)")

.PHONY: demo test test-fast device-test lint docs docs-bench docs-conversion benchmark-runtime compare-architectures peers \
  clean

demo: $(VENV)/.train
	$(BIN)/fer-edge demo $(DATA_OPTION)

# Two workers: the slow tests keep one core busy with TensorFlow's converter, which is not parallel.
test: $(VENV)/.dev lint
	$(BIN)/pytest -n 2 --dist loadfile

test-fast: $(VENV)/.dev
	$(BIN)/pytest -m "not slow"

# Runs the runtime on emulated Raspberry Pis (docs/device-test.md). RECORD=1 stores the counted instructions
# as the new budget; REQUIRED=1 fails where the tools are missing, instead of skipping.
device-test: $(VENV)/.dev
	$(BIN)/python scripts/device/device_test.py $(if $(RECORD),--record) $(if $(REQUIRED),--required)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Measures the bundled models on FER2013 and writes README.md and docs/model-card.md.
docs: $(VENV)/.train
	$(BIN)/python scripts/update_docs.py

# Measures the conversion of the bundled models by every recipe; writes docs/conversion.md.
docs-conversion: $(VENV)/.train
	$(BIN)/python scripts/update_conversion.py

# Measures what the runtime adds to the bare interpreter, soaks and fuzzes it; writes README.md and docs/performance.md.
benchmark-runtime: $(VENV)/.train
	$(BIN)/python benchmarks/runtime_overhead.py --json build/benchmarks/overhead.json
	$(BIN)/python benchmarks/soak.py --json build/benchmarks/soak.json
	$(BIN)/python benchmarks/fuzz.py --json build/benchmarks/fuzz.json
	$(BIN)/python scripts/update_performance.py

# Converts and times our networks and others in turn; writes docs/architectures.md, README.md and docs/model-card.md.
compare-architectures: $(VENV)/.train
	$(BIN)/python scripts/compare_architectures.py

# Benches all bundled variants, draws the report and sweeps; writes docs/benchmarks.md. Needs Chromium.
docs-bench: $(VENV)/.train
	$(BIN)/python scripts/update_benchmarks.py

# Measures other packages beside the bundled models on FER2013; writes docs/peers.md.
peers: $(VENV)/.train
	$(BIN)/python benchmarks/peers/measure.py $(DATA_OPTION)

clean:
	rm -rf $(VENV) build

# TensorFlow has wheels for Python 3.10 to 3.13, and tomllib came with 3.11.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "fer-edge trains and converts on Python 3.11 to 3.13; '$(PYTHON)' is $$($(PYTHON) -V 2>&1). Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.train: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[train]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[train,dev]'
	@touch $@ $(VENV)/.train
