# Two commands for a newcomer: `make demo` and `make test`. Each makes what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA_OPTION := $(if $(DATA),--data "$(DATA)")

.PHONY: demo test test-fast mutants device-test trixie-test firmware-test picamera-test web-test fuzz lint dist site docs docs-bench docs-faces \
  docs-conversion benchmark-runtime compare-architectures peers clean

demo: $(VENV)/.train
	$(BIN)/fer-edge demo models/edge_cnn_s.keras --out build/demo $(DATA_OPTION)

# Two workers: the slow tests keep one core busy with TensorFlow's converter, which is not parallel.
test: $(VENV)/.dev lint
	$(BIN)/pytest -n 2 --dist loadfile --durations=12

test-fast: $(VENV)/.dev
	$(BIN)/pytest -m "not slow"

# Runs the runtime on emulated Raspberry Pis (docs/device-test.md). RECORD=1 stores the counted instructions
# as the new budget; REQUIRED=1 fails where the tools are missing, instead of skipping.
device-test: $(VENV)/.dev
	$(BIN)/python -m tools.device.device_test $(if $(RECORD),--record) $(if $(REQUIRED),--required)

# Runs fer-edge's own C on emulated 32-bit Raspberry Pi OS Trixie (docs/raspberry-pi.md).
trixie-test: $(VENV)/.dev
	$(BIN)/python -m tools.device.trixie_test $(if $(REQUIRED),--required)

# Runs the generated C on emulated microcontrollers (docs/microcontrollers.md); RECORD=1 and REQUIRED=1 as above.
firmware-test: $(VENV)/.dev
	$(BIN)/python -m tools.firmware.firmware_test $(if $(RECORD),--record) $(if $(REQUIRED),--required)

# Runs the page of `fer-edge web` in Chromium and Firefox (docs/web.md), which it installs as root on Debian. RECORD=1
# writes what was seen to the page; REQUIRED=1 as above.
web-test: $(VENV)/.dev
	$(BIN)/python -m tools.web.browser_test $(if $(RECORD),--record) $(if $(REQUIRED),--required)

# Installs fer-edge beside the system's packages that picamera2 needs (docs/raspberry-pi.md).
picamera-test: $(VENV)/.dev
	$(BIN)/python -m tools.device.picamera_test $(if $(REQUIRED),--required)

# Fuzzes every reader of strangers' files, guided by coverage (tools/fuzz/guided.py).
SECONDS ?= 120
fuzz: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet atheris || echo "no atheris for this machine"
	$(BIN)/python -m tools.fuzz.guided --seconds $(SECONDS)

# Breaks the code in some thousand small ways, one at a time, and counts what the tests notice. Takes an hour.
mutants: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet 'mutmut>=3.8'
	$(BIN)/python -m mutmut run --max-children 2
	$(BIN)/python -m mutmut results

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Builds the sdist, the wheel from it, and checks both against what git tracks.
dist: $(VENV)/.dev
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/twine check --strict dist/*
	$(BIN)/python -m tools.release.check_dist dist

# Builds the documentation site into build/site, and runs its notebooks. A warning is an error.
site: $(VENV)/.site
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/mkdocs build --strict --quiet
	@echo "Wrote build/site/index.html"

# Measures the bundled models on FER2013 and writes README.md and docs/model-card.md.
docs: $(VENV)/.train
	$(BIN)/python -m tools.pages.update_docs

# Measures the conversion of the bundled models by every recipe; writes docs/conversion.md.
docs-conversion: $(VENV)/.train
	$(BIN)/python -m tools.pages.update_conversion

# Measures what the runtime adds to the bare interpreter, soaks and fuzzes it; writes README.md and docs/performance.md.
benchmark-runtime: $(VENV)/.train
	$(BIN)/python -m tools.performance.runtime_overhead --json build/benchmarks/overhead.json
	$(BIN)/python -m tools.performance.soak --json build/benchmarks/soak.json
	$(BIN)/python -m tools.fuzz.fuzz --json build/benchmarks/fuzz.json
	$(BIN)/python -m tools.pages.update_performance

# Converts and times our networks and others in turn; writes docs/architectures.md and docs/model-card.md.
compare-architectures: $(VENV)/.train
	$(BIN)/python -m tools.pages.compare_architectures

# Measures finding and reading faces; writes docs/faces.md and README.md. BLAZEFACE names MediaPipe's .tflite files.
docs-faces: $(VENV)/.train
	$(BIN)/python -m tools.faces.collect build/faces/photos
	$(BIN)/python -m tools.faces.detection build/faces/photos --blazeface $(BLAZEFACE) --json build/faces/detection.json
	$(BIN)/python -m tools.faces.reading --json build/faces/reading.json
	$(BIN)/python -m tools.pages.update_faces

# Benches all bundled variants, draws the report and sweeps; writes docs/benchmarks.md. Needs Chromium.
docs-bench: $(VENV)/.train
	$(BIN)/python -m tools.pages.update_benchmarks

# Measures other packages beside the bundled models on FER2013; writes docs/peers.md.
peers: $(VENV)/.train
	$(BIN)/python -m tools.peers.measure $(DATA_OPTION)

clean:
	rm -rf $(VENV) build dist

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

$(VENV)/.site: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[train,docs]'
	@touch $@ $(VENV)/.train
