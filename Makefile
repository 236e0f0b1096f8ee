# Two commands do everything: `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BASE ?= python:3.11-slim
IMAGE ?= backgrade
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test test-all docker test-docker fixtures template schemas picture benchmark clean

demo: $(VENV)/installed
	@$(BIN)/grade demo/submission -o graded/demo
	@echo
	@echo "The report is here: $(CURDIR)/graded/demo/report.html"

test: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n $$(($$(nproc) + 2)) --dist worksteal

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

picture: $(VENV)/installed
	$(BIN)/python demo/picture.py

benchmark: $(VENV)/installed-dev
	$(BIN)/python -m benchmarks

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python requirements.lock
	$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	echo "$(CURDIR)" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/backgrade.pth"
	printf '#!/bin/sh\nexec "%s" -P -m grader "$$@"\n' "$(CURDIR)/$(BIN)/python" > $(BIN)/grade
	chmod +x $(BIN)/grade
	touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.lock
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock
	touch $@

clean:
	rm -rf $(VENV) graded .mypy_cache .ruff_cache .pytest_cache
