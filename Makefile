# Python 3.11+ and make are needed. Everything is installed inside the checkout (.venv, .build), but for
# what ansible-test keeps in ~/.ansible/test. pip is used as its user has set it up.

PYTHON ?= python3
ARGS ?=
# How many processes run tests.
JOBS ?= 2
CELLS := 2.16 2.18 2.19 2.20 2.21
# The oldest runs every test. Of those with many runs of a playbook the newest repeats where templates and texts matter:
# the same playbooks run on newer ones in molecule, leaks and parity. Between them it is enough that everything runs.
LEFT_OUT_2.16 := not long
LEFT_OUT_2.21 := not oldest
LEFT_OUT_BETWEEN := not oldest and not fleet

export PYTHONDONTWRITEBYTECODE := 1
export PYTHONPATH := $(CURDIR)/.build/collections
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.build/collections
# What is kept here is for a test or a measurement, and may vanish with the container that it runs in.
export S3_ALLOW_EPHEMERAL := true
# What belongs to one table of gates.
ifndef GATE_RUN
GATE_RUN := $(shell date +%s)-$(shell echo $$PPID)
endif
export GATE_RUN

DEV := .venv/dev/bin
RUN := .venv/run/bin
GATE = @$(PYTHON) tools/gate.py run
PYTEST_ARGS := -q -n $(JOBS) --junitxml={junit}
REPORT ?= $(PYTHON) tools/gate.py report

.DEFAULT_GOAL := help
.PHONY: help
help: ## This list
	@echo "make TARGET   (ARGS='...' hands arguments on, PYTHON=... chooses the interpreter)"
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /|/' | \
		while IFS='|' read -r target text; do printf '  %-13s %s\n' "$$target" "$$text"; done

# Environments ---------------------------------------------------------------------------------------------

.PHONY: env-run env-dev clients
env-run env-dev:
# READY=1: they are there. make starts those last that wait for something, however short.
ifndef READY
	@$(PYTHON) tools/environments.py $(@:env-%=%)
endif
clients: ## Install the vendors' own clients, an environment each
	@$(PYTHON) tools/environments.py clients

# What people run ------------------------------------------------------------------------------------------

.PHONY: demo simulators bench sync test quick lint
demo: env-run ## Rotate the keys of a simulated fleet, kill a run, repair it; held against the simulators
	@$(RUN)/python tools/demo.py $(ARGS)

simulators: env-run ## Start all simulators to play with, until Ctrl-C
	@$(RUN)/python -m ansible_collections.objectstore.credentials.tests.simulators $(ARGS)

bench: env-run ## Measure CPU, wall time, requests and connections per account
	@$(RUN)/python tools/bench.py $(ARGS)

sync: env-dev ## Write what follows from the platform files: registry, docs, action groups, README
	@$(DEV)/python tools/sync.py $(ARGS)

test: units fuzz-short browser kill-sample soak-short leaks parity vendor ceph matrix ## All tests, on every ansible-core whose Python is here
	@$(REPORT)

quick: linters unit-quick ## Linters, types, sync --check, all unit and contract tests but the slow ones
	@$(REPORT)

lint: linters ansible-lint docs-lint changelog-lint ## The linters, ansible-lint, antsibull-docs, changelog
	@$(REPORT)

# Linters --------------------------------------------------------------------------------------------------

.PHONY: docs-site
docs-site: ## Build the docs site: guides and every plugin, in .build/docs/html
	$(GATE) docs-site -- $(PYTHON) tools/docs_site.py

.PHONY: linters ruff format mypy yamllint sync-check ansible-lint docs-lint changelog-lint
linters: ruff format mypy yamllint sync-check

ruff: env-dev
	$(GATE) ruff -- $(DEV)/ruff check --quiet .
format: env-dev
	$(GATE) format -- $(DEV)/ruff format --quiet --check .
mypy: env-dev
	$(GATE) mypy -- $(DEV)/mypy
	$(GATE) mypy-tools -- $(DEV)/mypy --python-version 3.11 $(wildcard tools/*.py)
yamllint: env-dev
	$(GATE) yamllint -- $(DEV)/yamllint --strict .
sync-check: env-dev
	$(GATE) sync-check -- $(DEV)/python tools/sync.py --check
ansible-lint: env-dev
	$(GATE) ansible-lint -- env PATH="$(CURDIR)/$(DEV):$$PATH" $(DEV)/ansible-lint --offline --profile production
docs-lint: env-dev
	$(GATE) docs-lint -- env PATH="$(CURDIR)/$(DEV):$$PATH" $(DEV)/antsibull-docs lint-collection-docs \
		--plugin-docs --validate-collection-refs self .
changelog-lint: env-dev
	$(GATE) changelog-lint -- $(DEV)/antsibull-changelog lint

# Tests ----------------------------------------------------------------------------------------------------

.PHONY: fuzz fuzz-guided fuzz-short units unit-dev unit-quick rotation browser unit-py39 kill-matrix kill-sample soak soak-short leaks
.PHONY: parity vendor ceph matrix
.PHONY: $(CELLS:%=cell-%)
units: unit-dev rotation unit-py39 ## Unit and contract tests, also on a real Python 3.9
unit-dev: env-dev
	$(GATE) unit-dev -- $(DEV)/python -m pytest tests/unit --ignore=tests/unit/rotation $(PYTEST_ARGS) $(ARGS)
unit-quick: env-dev
	$(GATE) unit-quick -- $(DEV)/python -m pytest tests/unit --ignore=tests/unit/rotation -m "not slow" $(PYTEST_ARGS) $(ARGS)
rotation: env-dev ## The rotation engine, rule by rule, and under generated faults
	$(GATE) rotation -- $(DEV)/python -m pytest tests/unit/rotation $(PYTEST_ARGS) $(ARGS)
fuzz: env-dev ## Give every parser hostile input; ARGS='--examples 5000 --seconds 60 --only ontap --seed 1'
	@$(DEV)/python -m ansible_collections.objectstore.credentials.tests.fuzz $(ARGS)
fuzz-guided: ## The same targets led by coverage (atheris, on Linux); ARGS='--seconds 60 --only plans'
	@$(PYTHON) tools/environments.py guided
	@.venv/guided/bin/python -m ansible_collections.objectstore.credentials.tests.fuzz.guided $(ARGS)
fuzz-short: env-dev
	$(GATE) fuzz -- $(DEV)/python -m pytest tests/fuzz $(PYTEST_ARGS) $(ARGS)
browser: env-dev ## The report's page in a headless Chromium, where there is one
	$(GATE) browser -- $(DEV)/python -m pytest tests/browser -q --junitxml={junit} $(ARGS)
ceph: env-dev ## The contract suite, kills and playbooks on a real Ceph gateway, where its packages are
	$(GATE) ceph -- $(DEV)/python tools/ceph_gate.py -q --junitxml={junit} $(ARGS)
# What runs on the controller needs Ansible, which has no release for Python 3.9.
unit-py39:
	$(GATE) unit-py39 -- $(PYTHON) tools/matrix.py py39 tests/unit --ignore=tests/unit/plugins/inventory \
		--ignore=tests/unit/plugins/lookup $(PYTEST_ARGS) $(ARGS)
kill-matrix: env-dev ## Kill rotations at every request and write, on every platform and store; takes hours
	@$(DEV)/python tools/kill_matrix.py $(ARGS)
kill-sample: env-dev ## A seeded part of the kill matrix, and the tests of the matrix itself
	$(GATE) kill-tests -- $(DEV)/python -m pytest tests/kill $(PYTEST_ARGS) $(ARGS)
	$(GATE) kill-sample -- $(DEV)/python tools/kill_matrix.py --short --real --seed 1
soak: env-dev ## Half an hour of simulated weeks: 200 accounts on every platform, and all the trouble there is
	@$(DEV)/python tools/soak.py $(ARGS)
soak-short: env-dev ## A short soak by a fixed seed, and the tests of the soak itself
	$(GATE) soak-tests -- $(DEV)/python -m pytest tests/soak $(PYTEST_ARGS) $(ARGS)
	$(GATE) soak-short -- $(DEV)/python tools/soak.py --seed 1 --accounts 14 --weeks 3 --jobs $(JOBS)
# Half of the time these wait, for a platform that hangs or a task that times out: three at once, always.
leaks: env-dev ## Search all that every scenario leaves behind for secrets; interrupt runs; ARGS='-m long' for the rest
	$(GATE) leaks -- $(DEV)/python -m pytest tests/leaks -m "not long" $(PYTEST_ARGS) -n 3 $(ARGS)
parity: env-dev ## One job by four commands, with what AWX injects; ARGS='-m long' for the rest
	$(GATE) parity -- $(DEV)/python -m pytest tests/parity -m "not long" $(PYTEST_ARGS) $(ARGS)
vendor: env-dev clients ## The vendors' own clients drive the simulators
	$(GATE) vendor -- $(DEV)/python -m pytest tests/vendor $(PYTEST_ARGS) $(ARGS)
matrix: $(CELLS:%=cell-%) ## Real Ansible runs on each ansible-core
$(CELLS:%=cell-%):
	$(GATE) $@ -- $(PYTHON) tools/matrix.py $(@:cell-%=%) tests/functional $(PYTEST_ARGS) \
		-m "$(or $(LEFT_OUT_$(@:cell-%=%)),$(LEFT_OUT_BETWEEN))" $(ARGS)

# Gates that take longer -----------------------------------------------------------------------------------

.PHONY: sanity ansible-test-units integration molecule artifact release ee bundle
sanity: ## All ansible-test sanity tests, without an ignore file
	$(GATE) sanity -- $(PYTHON) tools/run_ansible_test.py sanity $(ARGS)
ansible-test-units: ## The unit tests as ansible-test runs them
	$(GATE) ansible-test-units -- $(PYTHON) tools/run_ansible_test.py units $(ARGS)
integration: ## ansible-test integration, a target per module, against simulators
	$(GATE) integration -- $(PYTHON) tools/run_ansible_test.py integration $(ARGS)
# Without VIRTUAL_ENV, what molecule keeps goes into ANSIBLE_HOME, inside the checkout.
molecule: env-dev ## The molecule scenarios; ARGS='-s window' runs one
	$(GATE) molecule -- env -u VIRTUAL_ENV PATH="$(CURDIR)/$(DEV):$$PATH" ANSIBLE_HOME="$(CURDIR)/.build/molecule" \
		NO_COLOR=1 $(DEV)/molecule test $(or $(ARGS),--all)
artifact: env-dev ## Build, check the files, install offline, read all docs, galaxy-importer
	@$(PYTHON) tools/environments.py importer
	$(GATE) artifact -- $(PYTHON) tools/artifact.py
# After the gate artifact, which leaves its own in dist/.
release: artifact ## Rehearse a release; ARGS='--key FINGERPRINT' makes and signs one, in dist/
	$(GATE) release -- $(DEV)/python tools/release.py $(or $(ARGS),--rehearse)

ee: env-dev ## What ansible-builder makes of it: introspect, and create with the documented definition
	$(GATE) ee -- $(DEV)/python tools/ee.py
bundle: env-dev ## For sites without internet: the artifact and the wheels that it needs, in dist/
	$(GATE) bundle -- $(DEV)/python tools/bundle.py $(ARGS)

# The demo as a gate: what it needs is there, so that its time is what a user sees daily.
.PHONY: gate-demo
gate-demo: env-run
	$(GATE) demo -- $(MAKE) --no-print-directory demo

.PHONY: clean
clean: ## Remove all that make has installed and built
	rm -rf .venv .build .cache dist .mypy_cache .pytest_cache .ruff_cache
