# The one door to every habit.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test lint bench format clean ready

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# Each stamp is newer than pyproject.toml when what it names is installed.
$(VENV)/core: pyproject.toml | $(BIN)/python
	@echo "Installing narrated into $(VENV) ..."
	$(PIP) install --editable .
	@touch $@

$(VENV)/test: $(VENV)/core
	@echo "Installing what the tests need (torch among it) ..."
	$(PIP) install --editable '.[test]'
	$(BIN)/narrated engines install tortoise
	@touch $@

# mypy reads the types of what the engines are built on, torch among it.
$(VENV)/lint: $(VENV)/test
	$(PIP) install --editable '.[lint]'
	@touch $@

# The specification suites that the reading is held against, from the pinned sources of packages.
$(VENV)/suites: tests/support/suites.txt | $(BIN)/python
	@echo "Fetching the suites of CommonMark and HTML5 ..."
	@rm -rf $@
	$(BIN)/python tests/support/suites.py $@
	@touch $@

# The root of a Debian 13, whose systemd the service is tried under as well.
$(VENV)/trixie: tests/support/trixie.sh
	@echo "Making the root of a Debian 13 ..."
	tests/support/trixie.sh $@

# It takes root and mmdebstrap; where they are not, its tests say so.
TRIXIE := $(shell [ "$$(id -u)" = 0 ] && command -v mmdebstrap > /dev/null && echo $(VENV)/trixie)

# All that lint and tests need, of which some can be made beside the rest.
ready: $(VENV)/lint $(VENV)/suites $(TRIXIE)

# A scratch inbox with the sample post, narrated once; the result is left to be heard.
demo: $(VENV)/core
	@rm -rf demo && mkdir -p demo/inbox
	@cp docs/sample/first-post.md docs/sample/desk.png demo/inbox/
	@printf '%s: %s\n' inbox inbox outbox outbox state state cache cache > demo/narrated.yaml
	@$(BIN)/narrated --config demo/narrated.yaml once

test: $(VENV)/test $(VENV)/suites $(TRIXIE)
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(VENV)/lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/lint
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What Tortoise is measured beside: upstream's own, with the libraries that it pins.
$(VENV)/tortoise-pins/narrated.txt: $(VENV)/test
	$(BIN)/narrated engines install tortoise --apart $(VENV)/tortoise-pins

bench: $(VENV)/test $(VENV)/tortoise-pins/narrated.txt
	@status=0; for program in bench/[a-z]*.py; do $(BIN)/python $$program || status=1; done; exit $$status

clean:
	rm -rf $(VENV) demo
