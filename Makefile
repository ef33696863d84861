# The kit's commands. Each sets up .venv first where that is needed, says what it does, and is cheap when nothing changed.
SHELL := /bin/sh
.DEFAULT_GOAL := help
BIN := .venv/bin
OUT := dist

COURSE := $(shell find assignments solutions -type f -not -path '*/__pycache__/*' -not -path '*/.pytest_cache/*' 2>/dev/null | sed 's/ /\\ /g')
KIT := $(shell find grader -type f -not -path '*/__pycache__/*' 2>/dev/null) pyproject.toml README.md LICENSE
TESTS := $(shell find tests tools bench docs .ci -type f -not -path '*/__pycache__/*' 2>/dev/null) Makefile constraints.txt

.PHONY: help setup release test test-all lint audit audit-full bench demo gpu-check browser-test deadline wheels

help: ## this list
	@echo "make release   set up, prove every assignment sound, fill $(OUT)/"
	@echo "make test      set up, then lint, types and all the kit's tests"
	@echo ""
	@echo "make test-all      the same with every hostile submission and every kill, not a sample (long)"
	@echo "make lint          ruff and mypy"
	@echo "make audit         prove every assignment sound; unchanged ones are skipped"
	@echo "make audit-full    the same, every wrong program against every check"
	@echo "make bench         measure against five peers, and write docs/BENCHMARKS.md (20 minutes; FULL=1 takes hours)"
	@echo "make deadline      measure the store, simulate the hour before a deadline, and write docs/SCALE.md's tables"
	@echo "make wheels        add wheels for students' other machines to $(OUT)/wheels (needs a network)"
	@echo "make demo          a synthetic class: graded, stored, reported"
	@echo "make gpu-check     calibrate the loss checks on a GPU"
	@echo "make browser-test  the pain pages in a headless browser"
	@echo "make setup         only .venv"
	@echo ""
	@echo "FORCE=1 runs again what is up to date; PYTHON=/path/to/python3 chooses the Python of .venv."

setup:
	@tools/setup.sh

release: setup
	@$(if $(FORCE),rm -f $(OUT)/SHA256SUMS)
	@if $(MAKE) --no-print-directory -q $(OUT)/SHA256SUMS; then echo "release: nothing has changed; $(OUT)/ is up to date (make release FORCE=1 makes it again)"; \
	else $(MAKE) --no-print-directory $(OUT)/SHA256SUMS; fi

$(OUT)/SHA256SUMS: $(COURSE) $(KIT)
	@echo "release: auditing every assignment"
	@$(BIN)/grade audit
	@echo "release: filling $(OUT)/"
	@$(BIN)/grade release --wheels --out $(OUT)

test: setup
	@$(if $(FORCE),rm -f .venv/.tested)
	@if $(MAKE) --no-print-directory -q .venv/.tested; then echo "test: nothing has changed since all tests passed (make test FORCE=1 runs them again)"; \
	else $(MAKE) --no-print-directory .venv/.tested; fi

.venv/.tested: $(COURSE) $(KIT) $(TESTS)
	@$(MAKE) --no-print-directory lint
	@echo "test: all the kit's tests; of the hostile submissions and the kills a seeded sample"
	@$(BIN)/python -m pytest $(PYTEST_ARGS)
	@$(if $(PYTEST_ARGS),,touch $@)

test-all: setup lint
	@echo "test-all: every hostile submission, every kill"
	@GRADE_TEST_ALL=1 $(BIN)/python -m pytest $(PYTEST_ARGS)

lint: setup
	@echo "lint: ruff"
	@$(BIN)/ruff check grader tests tools bench
	@$(BIN)/ruff format --check --quiet grader tests tools bench
	@echo "lint: mypy --strict"
	@$(BIN)/mypy

audit: setup
	@$(BIN)/grade audit

audit-full: setup
	@$(BIN)/grade audit --full

demo: setup
	@$(BIN)/python tools/demo_class.py

bench: setup
	@$(BIN)/python tools/bench.py $(if $(FULL),--full) $(BENCH_ARGS)

deadline: setup
	@$(BIN)/python tools/deadline.py --write

wheels: release
	@$(BIN)/python tools/wheels.py --dist $(OUT)

gpu-check: setup
	@$(BIN)/python tools/gpu_check.py

browser-test: setup
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { echo "browser-test: no Chromium here (Debian, Ubuntu: apt install chromium)" >&2; exit 2; }
	@$(BIN)/python -m pytest tests/browser $(wildcard tests/test_*_browser.py)
