# Needs python3.11, make and pip; everything else is installed under .tools and .venv.
PYTHON ?= python3.11
UV := PYTHONPATH=.tools UV_PYTHON_DOWNLOADS=never .tools/bin/uv
BIN := .venv/bin

.PHONY: run test lint docs audit lock env clean

run: env
	$(BIN)/superposed run superposition-map --preset quick

test: env lint
	$(BIN)/pytest -n 2 --dist loadfile

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright

docs: env
	$(BIN)/mkdocs build --strict

# Asks PyPI for known weaknesses of what is locked; needs the network.
audit: .tools/bin/uv requirements.lock
	$(UV) tool run pip-audit --disable-pip --require-hashes --requirement requirements.lock

env: .venv/.installed

.tools/bin/uv: tools.lock
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --upgrade \
		--require-hashes --target .tools -r tools.lock
	touch $@

.venv/.installed: .tools/bin/uv requirements.lock pyproject.toml
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv
	$(UV) pip sync --quiet --require-hashes --compile-bytecode --python $(BIN)/python requirements.lock
	$(UV) pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	touch $@

lock: .tools/bin/uv
	$(UV) pip compile --quiet --no-header --universal --generate-hashes --python-version 3.11 --extra dev --extra docs pyproject.toml -o requirements.lock

clean:
	rm -rf .venv .tools
