# Two commands do everything: `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BASE ?= python:3.11-slim
IMAGE ?= backgrade
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test test-all types tests docker test-docker fixtures template schemas picture benchmark wheel lock clean

demo: $(VENV)/installed
	@$(BIN)/grade demo/submission -o graded/demo --notebooks skip
	@echo
	@echo "The report is here: $(CURDIR)/graded/demo/report.html"

test: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(MAKE) --no-print-directory --jobs 2 types tests

types: $(VENV)/installed-dev
	$(BIN)/mypy

# Without kept bytecode each worker and each command rewrites and compiles every module again. The
# first line compiles them for all, on one core while the other checks types.
# Threads of BLAS in each worker would wait for each other: tests that try more start them.
# One worker more than cores fills the waits; two more take longer than they save.
tests: export OPENBLAS_NUM_THREADS := 1
tests: $(VENV)/installed-dev
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest --collect-only --quiet >/dev/null || true
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest -n $$(($$(nproc) + 1)) --dist worksteal

# Every case of the long trials, of which `make test` takes a part by a seed (BACKGRADE_SEED).
test-all: export BACKGRADE_ALL := 1
test-all: test

docker:
	docker build --quiet --network host --build-arg BASE=$(BASE) --target staff --tag $(IMAGE) .
	docker build --quiet --network host --build-arg BASE=$(BASE) --target student --tag $(IMAGE)-student .

test-docker: $(VENV)/installed-dev
	@.ci/docker

fixtures: $(VENV)/installed
	$(BIN)/grade fixtures build

template: $(VENV)/installed
	$(BIN)/grade release student_template --template

schemas: $(VENV)/installed
	$(BIN)/python -m grader schema rubric > docs/rubric.schema.json
	$(BIN)/python -m grader schema result > docs/result.schema.json
	$(BIN)/python -m grader schema course > docs/course.schema.json

picture: $(VENV)/installed
	$(BIN)/python demo/picture.py

benchmark: $(VENV)/installed-dev
	$(BIN)/python -m benchmarks

wheel: $(VENV)/installed-dev
	$(BIN)/python -m build --no-isolation

# The newest versions that go together, on every Python and system that we support.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes \
	--custom-compile-command "make lock"
lock: $(VENV)/installed-dev
	echo hatchling | $(COMPILE) - -o requirements-build.lock
	$(COMPILE) pyproject.toml -c requirements-build.lock -o requirements.lock
	$(COMPILE) pyproject.toml --extra class --extra desk -c requirements-build.lock -c requirements.lock \
		-o requirements-class.lock
	$(COMPILE) pyproject.toml --extra dev -c requirements-build.lock -c requirements-class.lock \
		-o requirements-dev.lock

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "$(PYTHON) is Python %d.%d, \
	too old: take 3.11 to 3.13, as in `make PYTHON=python3.11 $(MAKECMDGOALS)`" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml requirements.lock requirements-build.lock
	$(BIN)/pip install --quiet --require-hashes -r requirements-build.lock -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.lock
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock
	touch $@

clean:
	rm -rf $(VENV) graded .mypy_cache .ruff_cache .pytest_cache
