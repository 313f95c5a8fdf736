# Two commands for a fresh machine with python3 and make: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
.PHONY: demo test spark-test sessions-test lint types layers check bench schema conformance mutate-cells mutate differential fuzz test-pythons clean

# Everything is run against the built wheel, as a host would install it; it is rebuilt when a source or ruleset changes.
SOURCES := $(shell find src rulesets -type f -not -path '*/__pycache__/*' 2>/dev/null) pyproject.toml hatch_build.py README.md
WHEEL = $(VENV)/.wheel

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip build

$(WHEEL): $(BIN)/python $(SOURCES)
	rm -rf $(VENV)/dist
	$(BIN)/python -m build --wheel --outdir $(VENV)/dist . >$(VENV)/build.log 2>&1 || (cat $(VENV)/build.log; exit 1)
	$(BIN)/python -m pip install --quiet --force-reinstall --no-deps $(VENV)/dist/*.whl
	$(BIN)/python -m pip install --quiet "ntm-rules[cli,sql,testing] @ file://$$(ls $(CURDIR)/$(VENV)/dist/*.whl)"
	touch $@

$(VENV)/.test: $(WHEEL)
	$(BIN)/python -m pip install --quiet --group test
	touch $@

$(VENV)/.lint: $(WHEEL)
	$(BIN)/python -m pip install --quiet --group lint --group test
	touch $@

demo: $(WHEEL)
	$(BIN)/ntm-rules demo

test: COVERAGE ?= --cov --cov-report=term:skip-covered
test: $(VENV)/.test
	$(BIN)/python -m pytest -n auto --dist worksteal $(COVERAGE)
	cd $(VENV) && bin/python -m pytest -q -n auto -p no:cacheprovider -p no:ntm_rules --ignore-glob='*/adapters/spark.py' --doctest-modules --pyargs ntm_rules

# Spark is half a gigabyte and needs Java, so its tests are passed over where it is not; this installs it and runs them.
spark-test: $(VENV)/.test
	$(BIN)/python -m pip install --quiet "ntm-rules[spark] @ file://$$(ls $(CURDIR)/$(VENV)/dist/*.whl)"
	$(BIN)/python -m pytest -q tests/sql/test_spark_tables.py tests/sql/test_engines_agree.py -k spark

# The engine on durable-rules, which `make test` leaves out: it needs a C compiler and Python before 3.13.
sessions-test: $(VENV)/.test
	$(BIN)/python -m pip install --quiet setuptools wheel
	$(BIN)/python -m pip install --quiet "ntm-rules[session] @ file://$$(ls $(CURDIR)/$(VENV)/dist/*.whl)"
	$(BIN)/python -m pytest -q tests/session

check: lint types layers

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.lint
	$(BIN)/mypy

layers: $(VENV)/.lint
	PYTHONPATH=src $(BIN)/lint-imports

# The peers live in an environment of their own; durable_rules needs a C compiler and Python before 3.13.
bench: BENCH = .venv-bench
bench: $(WHEEL)
	test -x $(BENCH)/bin/python || $(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --upgrade pip setuptools wheel
	for peer in "datalogic-py==5.9.*" "zen-engine==2.1.*" rule-engine "OpenFisca-Core==46.*" durable_rules; do \
	  $(BENCH)/bin/python -m pip install --quiet "$$peer" || echo "not installed: $$peer"; done
	$(BENCH)/bin/python -m pip install --quiet --force-reinstall --no-deps $(VENV)/dist/*.whl
	$(BENCH)/bin/python -m pip install --quiet "ntm-rules[cli,sql] @ file://$$(ls $(CURDIR)/$(VENV)/dist/*.whl)" matplotlib
	command -v java >/dev/null && $(BENCH)/bin/python -m pip install --quiet pyspark || echo "not installed: pyspark"
	cd benchmarks && env -u PYTHONPATH ../$(BENCH)/bin/python bench.py && env -u PYTHONPATH ../$(BENCH)/bin/python scale.py
	cd benchmarks && env -u PYTHONPATH ../$(BENCH)/bin/python sessions.py

# The battery for other engines: its generated files are current, and ours passes it.
conformance: $(VENV)/.test
	$(BIN)/python -m tests.conformance.generate --check
	$(BIN)/python -m pytest -q tests/test_conformance.py

# Every cell, direction, date and fact of the shipped rulesets changed, one at a time: each change must turn a check red.
mutate-cells: $(VENV)/.test
	$(BIN)/python -m tests.fidelity.mutate_cells

# The same mutants given to what a rule keeper has: the shipped test files, the checks, and compare. About half an hour on two cores.
mutate: $(VENV)/.test
	$(BIN)/python -m tests.rule_tests.mutate

# The native engine against SQL on a million pairs of commune and indicator: DuckDB, PostgreSQL and, where there is Java, Spark.
differential: $(VENV)/.test
	$(BIN)/python -m pip install --quiet "ntm-rules[spark] @ file://$$(ls $(CURDIR)/$(VENV)/dist/*.whl)"
	$(BIN)/python -m tests.sql.differential --engines duckdb,postgres$$(command -v java >/dev/null && echo ,spark)

schema: $(VENV)/.test
	$(BIN)/python -m ntm_rules.rulebook.schema rulesets/schema

# Longer fuzzing of the loader, the boundary and the engine.
fuzz: $(VENV)/.test
	HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest -q tests/test_fuzz.py

test-pythons:
	for version in 3.10 3.11 3.12 3.13; do $(MAKE) test PYTHON=python$$version VENV=.venv-$$version COVERAGE= || exit 1; done

clean:
	rm -rf $(VENV) .venv-* dist build
