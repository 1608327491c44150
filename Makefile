# Every verb of the repository. `make help` lists them.
# Needs python3 (3.10+, with venv), cargo and a C compiler (`check`: and a C++ compiler, for the fuzzers'
# runtime); everything else goes into .venv.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

export PATH := $(PATH):$(HOME)/.cargo/bin
export VIRTUAL_ENV := $(CURDIR)/.venv
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_QUIET := 1
# Tools that load ONNX Runtime by themselves keep it from reporting, as the package does.
export ORT_DISABLE_TELEMETRY := 1
unexport PYTHONPATH

PYTHON ?= python3
BIN := .venv/bin
RUST_SOURCES := $(shell find crates -name '*.rs' -o -name Cargo.toml) Cargo.toml pyproject.toml \
	$(wildcard Cargo.lock)
# Rebuild where the extension was deleted, too.
MISSING := $(if $(wildcard python/engram/_native*.so),,force)

.PHONY: help
help: ## List the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: demo
demo: .venv/built ## Build, put the docstrings of the standard library into a file, ask it questions
	$(BIN)/python examples/demo.py

.PHONY: build
build: .venv/built ## Build the extension into python/engram (release mode)

.PHONY: test
test: test-rust test-python ## Run every test

.PHONY: test-rust
test-rust: tools-found ## Run the tests of the core
	cargo test --package engram-core --features testing

.PHONY: test-python
test-python: .venv/built .venv/dev ## Run the tests of the Python side
	$(BIN)/python -m pytest

.PHONY: package
package: .venv/built ## Build the wheel and run it in an empty environment
	rm -rf dist/package
	$(BIN)/maturin build --release --quiet --out dist/package
	$(PYTHON) -m venv dist/package/venv
	dist/package/venv/bin/python -m pip install --quiet dist/package/*.whl
	cd dist/package && venv/bin/python ../../tests/packaging/quick_start.py *.whl

.PHONY: package-source
package-source: .venv/python | tools-found ## Build the source distribution, and a wheel from it in an empty environment
	rm -rf dist/source
	$(BIN)/maturin sdist --out dist/source
	$(PYTHON) -m venv dist/source/venv
	CARGO_TARGET_DIR=$${CARGO_TARGET_DIR:-$(CURDIR)/target} dist/source/venv/bin/python -m pip wheel --quiet --no-cache-dir \
		--no-deps --wheel-dir dist/source dist/source/*.tar.gz
	dist/source/venv/bin/python -m pip install --quiet dist/source/*.whl
	cd dist/source && venv/bin/python ../../tests/packaging/quick_start.py *.whl --for-here

.PHONY: check
check: .venv/built .venv/dev package package-source docs ## Formatting, lints, types, the stub, both packages, the site
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --features engram-core/testing -- -D warnings
	CARGO_TARGET_DIR=target cargo clippy --manifest-path fuzz/Cargo.toml -- -D warnings
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/basedpyright --pythonpath $(BIN)/python --warnings
	cd python && ../$(BIN)/stubtest engram._native --mypy-config-file ../pyproject.toml \
		--allowlist ../tests/typing/stubtest-allowlist.txt

.PHONY: docs
docs: .venv/built .venv/dev ## Build the documentation as a site in site/html; a warning is an error
	$(BIN)/python tools/site/build.py site

.PHONY: format
format: .venv/dev ## Format Rust and Python
	cargo fmt --all
	$(BIN)/ruff format

.PHONY: golden
golden: .venv/built ## Write tests/golden/api.txt, the public surface
	$(BIN)/python tests/surface.py

BENCH_DATA ?= bench-data

.PHONY: bench-data
bench-data: .venv/bench ## Fetch documentation with apt and make the data of the benchmarks in BENCH_DATA
	$(BIN)/python benches/corpus.py fetch $(BENCH_DATA)
	$(BIN)/python benches/corpus.py make $(BENCH_DATA) --records 100000
	$(BIN)/python benches/corpus.py make $(BENCH_DATA) --records 1000000

.PHONY: bench
bench: .venv/bench package ## Measure W1 to W13 at 100,000 records (needs bench-data)
	$(BIN)/python benches/run.py $(BENCH_DATA) --out bench.json --wheel dist/package/*.whl

.PHONY: bench-large
bench-large: .venv/bench ## Measure W2, W3, W4, W8 and memory at 1,000,000 records (needs bench-data)
	$(BIN)/python benches/run.py $(BENCH_DATA) --records 1000000 --only W1,W2,W3,W4,W8,memory \
		--out bench-large.json
	$(BIN)/python benches/run.py $(BENCH_DATA) --records 1000000 --only W2,W3,W4,W8,memory --optimize \
		--out bench-large-optimized.json

.PHONY: bench-peers
bench-peers: .venv/bench ## Run engram and PEERS in the harness at HARNESS, databases and venvs in PEERS_DATA
	$(BIN)/python benches/peers/run.py $(HARNESS) $(PEERS_DATA) $(BENCH_DATA) --peers $(PEERS)

.PHONY: bench-quality
bench-quality: .venv/bench ## Measure nDCG, recall and MRR on the collections in IR
	$(BIN)/python benches/quality.py $(IR)

.PHONY: campaigns
campaigns: .venv/built .venv/dev tools-found ## Run the long crash, kill and corruption campaigns
	ENGRAM_LONG=1 cargo test --release --package engram-core --features testing -- --nocapture
	ENGRAM_LONG=1 $(BIN)/python -m pytest tests/weaver/test_kills.py -s

.PHONY: fuzz
fuzz: tools-found ## Run each fuzz target for FUZZ_SECONDS (600)
	fuzz/run $(or $(FUZZ_SECONDS),600)

.PHONY: clean
clean: ## Remove what was built, the environment included
	rm -rf .venv target dist site python/engram/_native*.so

.PHONY: tools-found
tools-found:
	@command -v cargo >/dev/null || { \
		echo "cargo is missing: install Rust (rustup, or your system's packages), then run make again" >&2; \
		exit 1; }
	@command -v cc >/dev/null || { \
		echo "a C compiler is missing: install gcc or clang (build-essential on Debian)" >&2; exit 1; }

.venv/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
		echo "Python 3.10 or newer is needed ($(PYTHON) is older or missing); PYTHON=... chooses one" >&2; \
		exit 1; }
	@$(PYTHON) -m venv .venv || { \
		echo "$(PYTHON) cannot make an environment: install its venv module (python3-venv on Debian)" >&2; \
		rm -rf .venv; exit 1; }
	$(BIN)/python -m pip install 'maturin>=1.9,<2'
	@touch $@

.venv/dev: .venv/python requirements-dev.txt
	$(BIN)/python -m pip install --requirement requirements-dev.txt
	@touch $@

.venv/bench: .venv/built benches/requirements.txt
	$(BIN)/python -m pip install --requirement benches/requirements.txt
	@touch $@

.venv/built: .venv/python $(RUST_SOURCES) $(MISSING) | tools-found
	$(BIN)/maturin develop --release --quiet
	@touch $@

.PHONY: force
force:
