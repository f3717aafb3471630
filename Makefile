# make demo   the main job, offline, on the small base that ships with swereg
# make test   everything that has to pass: format, lint, types, architecture, docs, tests
# make format mend what can be mended, and print the generated parts of the docs anew
# make torture MINUTES=10   faults on purpose, and the table of docs/reliability.md
# make bench  time swereg against what one would use instead, and write benchmarks/RESULTS.md

PYTHON ?= python3
MINUTES ?= 10
BIN := .venv/bin
INSTALLED := .venv/installed
MLFLOW := .venv-mlflow/installed
DOCS := README.md docs/*.md
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Tests, demo and benchmarks start many processes, which should not compile everything anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: install demo test format bench torture clean

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable . --group dev
	touch $@

$(MLFLOW): $(INSTALLED)
	$(BIN)/python -m venv .venv-mlflow
	cd $(BIN)/../lib/python3*/site-packages && pwd > "$$(ls -d $(CURDIR)/.venv-mlflow/lib/python3*/site-packages)/shared.pth"
	.venv-mlflow/bin/python -m pip install --quiet --constraint constraints.txt "mlflow>=3.17,<4"
	touch $@

demo: $(INSTALLED)
	sh docs/demo.sh $(BIN)

test: $(INSTALLED)
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cog --check $(DOCS)
	$(BIN)/pytest --numprocesses 2 --dist loadfile

format: $(INSTALLED)
	$(BIN)/ruff format
	$(BIN)/ruff check --fix
	$(BIN)/cog -r $(DOCS)

bench: $(INSTALLED) $(MLFLOW)
	$(BIN)/python benchmarks/all.py

torture: $(INSTALLED)
	$(BIN)/python -m tests.torture --minutes $(MINUTES)

clean:
	rm -rf .venv .venv-mlflow .demo build dist *.egg-info
