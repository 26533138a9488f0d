# Everything a person or a machine does with a checkout. `make run` needs Python 3.11 or newer with its
# venv module (Debian: python3-venv), and fetches what requirements.lock names, checked by hash.

VENV ?= .venv
# For two processors: a third of their time, tests wait for servers, browsers and each other.
WORKERS ?= 3
# Neighbours in one worker, as far as possible: they share servers and other things that take seconds to start.
PARALLEL = -n $(WORKERS) --dist worksteal
UV ?= uv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
NPM := $(BIN)/npm --prefix tests/npm
COVERED := activitypub database inbox outbox fedcom/actions fedcom/effects fedcom/inbound
PACKAGES := tests/npm/node_modules/.package-lock.json
PYTHON ?= $(firstword $(foreach p,python3 python3.14 python3.13 python3.12 python3.11,$(shell \
	$(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(p))))
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header --no-annotate

.PHONY: run test installed ready coverage check static fix translations demo screenshots bench fuzz lock revision clean browser
.DELETE_ON_ERROR:

run: $(VENV)/.run  ## a server on http://localhost:8000, or as fedcom.toml and FEDCOM_* say
	@if [ -z "$$FEDCOM_ORIGIN$$FEDCOM_CONFIG" ] && [ ! -e fedcom.toml ]; then \
		export FEDCOM_ORIGIN=http://localhost:8000 FEDCOM_DEVELOPMENT=1; fi; \
	exec $(BIN)/fedcom serve

# Hundreds of processes are started, and none should compile our modules again.
test: installed  ## the whole test suite; it brings its own databases
	$(BIN)/python -m compileall -q activitypub database inbox outbox fedcom tests
	$(BIN)/pytest $(PARALLEL) $(ARGS)

installed: $(VENV)/.dev $(PACKAGES) browser

# The suite finds the tests compiled. Pytest compiles them in its own way, and each worker would.
ready: installed
	$(BIN)/pytest --collect-only -qq > /dev/null

coverage: installed  ## the test suite, which must cover 95 % of the branches in each of COVERED
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(PARALLEL) $(ARGS)
	$(BIN)/coverage combine --quiet
	@failed=; for package in $(COVERED); do echo; $(BIN)/coverage report --include="$$package/*" --fail-under=95 || failed=1; done; \
		test -z "$$failed"

check: static  ## all checks that do not run the test suite
	$(BIN)/pytest tests/house

static: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.house.wheel

fix: $(VENV)/.dev  ## fix what can be fixed automatically
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .
	$(BIN)/python -c 'from fedcom import settings; print(settings.markdown(), end="")' > docs/settings.md

translations: $(VENV)/.dev  ## update the translation catalogues of all languages
	$(BIN)/pybabel --quiet extract --mapping-file babel.cfg --keywords "BadRequest:2 Denied:2 Invalid:2 NotFound:2 Conflict:2 TooMany:2 Busy:2 Sentence:1 mark" \
		--add-comments "Translators:" --no-location --sort-output --project Fedcom --output-file fedcom/translations/messages.pot fedcom
	for catalogue in fedcom/translations/*.po; do \
		$(BIN)/pybabel --quiet update --no-fuzzy-matching --input-file fedcom/translations/messages.pot \
			--output-file $$catalogue --locale $$(basename $$catalogue .po); done

demo: $(VENV)/.dev  ## three federating servers on this machine, and two scripted ones; ARGS=--exit exits at the end
	$(BIN)/python -m tests.demo $(ARGS)

screenshots: $(VENV)/.dev browser  ## screenshots of every page, on a phone and a desktop, light and dark
	$(BIN)/python -m tests.browser screenshots

bench: $(VENV)/.dev  ## benchmarks: one table; ARGS=--help names its options and the others
	$(BIN)/python -m tests.bench $(ARGS)

fuzz: $(VENV)/.fuzz  ## random and malformed requests to the API; ARGS=--help names its options
	$(BIN)/python -m tests.fuzz $(ARGS)

revision: $(VENV)/.dev  ## write the next revision of the schema: make revision M="say what for"
	@test -n "$(M)" || { echo 'say what for: make revision M="…"'; exit 1; }
	$(BIN)/python -c 'import sys; from fedcom import migrate; migrate.write_revision(sys.argv[1])' "$(M)"
	sed -i '/^    # ### /d' alembic/versions/*.py
	$(BIN)/ruff format --quiet alembic
	$(BIN)/ruff check --fix --quiet alembic

lock: $(VENV)/.dev  ## pin what pyproject.toml and tests/npm ask for, with hashes (needs uv)
	$(COMPILE) pyproject.toml --output-file requirements.lock
	$(COMPILE) --group build --constraint requirements.lock --output-file requirements-build.lock
	$(COMPILE) pyproject.toml --group dev --constraint requirements.lock \
		--constraint requirements-build.lock --output-file requirements-dev.lock
	$(COMPILE) --group fuzz --constraint requirements-dev.lock --output-file requirements-fuzz.lock
	$(NPM) install --package-lock-only

clean:  ## remove everything that make created, except the data
	rm -rf $(VENV) tests/npm/node_modules dist
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage*

$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo 'Fedcom needs Python 3.11 or newer.'; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) \
		|| { echo 'Python lacks its venv module: on Debian, apt-get install python3-venv'; exit 1; }
	@touch $@

$(VENV)/.run: requirements.lock requirements-build.lock pyproject.toml | $(VENV)/.made
	$(PIP) install --require-hashes -r requirements.lock -r requirements-build.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/.fuzz: requirements-fuzz.lock $(VENV)/.dev
	$(PIP) install --require-hashes -r requirements-fuzz.lock
	@touch $@

# npm writes this file itself, when all is there.
$(PACKAGES): tests/npm/package.json tests/npm/package-lock.json tests/npm/.npmrc | $(VENV)/.dev
	$(NPM) ci
	@touch $@

# The headless shell takes half the time of the whole browser; either will do.
browser:
	@command -v chromium-headless-shell >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
		--no-install-recommends chromium-headless-shell fonts-liberation; } || command -v chromium >/dev/null \
		|| { echo 'The tests of the pages need Chromium: on Debian, apt-get install chromium-headless-shell'; exit 1; }
