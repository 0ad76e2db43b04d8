# The first target that is run makes the environment; nothing else is asked of you.
PYTHON ?= python3
BIN := .venv/bin
SOURCES := core indicators venues storage strategies actors daemon research cli tests

.PHONY: run test check coverage bench campaign fuzz mutants train research networks lock clean

run: .venv/ready
	$(BIN)/tradebot run

test: .venv/research
	$(BIN)/pytest -n 2

check: .venv/ready
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy

# Every branch of what decides about risk is tried by its own tests: under 100 % it fails.
RISK := balance breakers budget carried conditions controls crypto_account daily_reset day_end \
  exit_time exits firm guard late_entries portfolio portfolio_properties portfolio_stakes pretrade \
  rearming reduction refusals regimes risk risk_edges rolls sizing slippage standing states stops \
  strangers streaks throttles tightenings today turn unsettled
TABLES := all_hours ceilings config contracts portfolio sessions steps
coverage: .venv/coverage
	mkdir -p build
	SESSIONS=3 STATES=50 STEPS=400 SEEDS=20 $(BIN)/coverage run --rcfile=tests/coverage/risk.ini \
	  -m pytest -q -n 0 --deselect tests/core/test_sessions.py::test_no_minute_of_four_years_is_wrong \
	  $(TABLES:%=tests/core/test_%.py) $(RISK:%=tests/actors/test_%.py)
	$(BIN)/coverage report --rcfile=tests/coverage/risk.ini

.venv/coverage: .venv/ready tests/coverage/requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
	  -r tests/coverage/requirements.txt
	touch $@

bench: .venv/research
	$(BIN)/python -m tests.bench

# So many sessions of each row of the plan in a simulated world, then real processes that are killed.
SEEDS ?= 20
campaign: .venv/ready
	$(BIN)/python -m tests.simulation --row all --seeds $(SEEDS)
	$(BIN)/python -m tests.campaign

# Each parser in turn, for so many seconds; stops at the first find. Finds lie in build/fuzz.
SECONDS ?= 60
FUZZED ?= frames arguments rest lines log config

fuzz: .venv/fuzz
	for name in $(FUZZED); do $(BIN)/python -m tests.fuzz $$name $(SECONDS) || exit 1; done

.venv/fuzz: .venv/ready tests/fuzz/requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
	  -r tests/fuzz/requirements.txt
	touch $@

# Does some test fail for each change of these files? SAMPLE of each by chance, 0 all.
SAMPLE ?= 0
MUTATED ?= actors/risk.py actors/executor.py storage/wal.py actors/recovery.py

mutants: .venv/mutants
	$(BIN)/python -m tests.mutation --sample $(SAMPLE) $(MUTATED)

.venv/mutants: .venv/ready tests/mutation/requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
	  -r tests/mutation/requirements.txt
	touch $@

train: .venv/ready
	$(BIN)/tradebot train

# What works on months of data: loading, checking, downloading, reports. The daemon needs none of it.
research: .venv/research

.venv/research: .venv/ready requirements-research.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
	  -r requirements-research.lock
	touch $@

# PyTorch, for the deep networks of `tradebot train --network`. The pinned file is the processor's build:
# where pip does not find it, name PyTorch's index of such builds (PIP_EXTRA_INDEX_URL).
networks: .venv/networks

.venv/networks: .venv/research requirements-networks.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
	  -r requirements-networks.lock
	touch $@

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# For maintainers: resolve again. Hashes, no addresses.
lock:
	uv pip compile pyproject.toml --extra train --extra dev --generate-hashes \
	  --universal --python-version 3.11 --no-header --no-emit-index-url --no-emit-find-links -o requirements.lock
	uv pip compile pyproject.toml --extra research --constraint requirements.lock --generate-hashes \
	  --universal --python-version 3.11 --no-header --no-emit-index-url --no-emit-find-links \
	  -o requirements-research.lock

clean:
	rm -rf .venv build *.egg-info
