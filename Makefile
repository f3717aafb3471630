# make demo   the main job, offline, on the small base that ships with swereg
# make test   everything that has to pass: format, lint, types, architecture, docs, tests
# make format mend what can be mended, and print the generated parts of the docs anew
# make bench  time swereg against what one would use instead

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
DOCS := README.md docs/*.md
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: install demo test format bench clean

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable . --group dev
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

bench: $(INSTALLED)
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/bank.py --base kb
	$(BIN)/python benchmarks/bank.py --base mini

clean:
	rm -rf .venv .demo build dist *.egg-info
