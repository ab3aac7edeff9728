# Two commands matter: `make up` puts the sample lineup on air, `make test` runs everything.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TEST_PACKAGES := postgresql openssl chromium fonts-dejavu-core \
  swift-proxy swift-account swift-container swift-object memcached \
  iproute2 tini $(if $(shell PATH=$$PATH:/usr/sbin command -v dockerd),,docker.io)

.PHONY: up down test test-casparcg check bench lock packages clean
.DEFAULT_GOAL := up

# An editable install, made again only when what it is made from changes.
$(VENV)/.installed: pyproject.toml constraints.txt
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@echo "installing (once; about a minute)"
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

up: $(VENV)/.installed
	@$(BIN)/reconcile up

down: $(VENV)/.installed
	@$(BIN)/reconcile down

# Servers, a browser, and Docker where there is none of any origin, for the tests; without root, tests that lack a part say which, and skip.
packages:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  missing=""; for p in $(TEST_PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	  if [ -n "$$missing" ]; then echo "installing:$$missing"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; fi; \
	fi

check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell reconciler configs templates state tests docs README.md CHANGELOG.md
	$(BIN)/pytest -q -n 2 tests/unit tests/property

test: packages $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell reconciler configs templates state tests docs README.md CHANGELOG.md
	$(BIN)/pytest -q -n 2 --dist loadfile tests

# Drives the server at RECONCILE_CASPARCG=host:port, which must be free; see tests/casparcg_live.
test-casparcg: $(VENV)/.installed-dev
	@test -n "$$RECONCILE_CASPARCG" || { echo "usage: RECONCILE_CASPARCG=host:port make test-casparcg"; exit 64; }
	$(BIN)/pytest -q tests/casparcg_live

bench: $(VENV)/.installed-dev
	$(BIN)/python -m tests.bench

lock: $(VENV)/.installed-dev
	$(BIN)/pip freeze --exclude-editable --local | grep -Ev '^(pip|setuptools|wheel)==' > constraints.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
