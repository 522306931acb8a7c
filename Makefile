# What can be done with islog on a PC. `make` alone lists it: what has ## is for its users, what has
# ### for those who change it.

PY := .venv/bin/python
export PATH := $(PATH):$(CURDIR)/.venv/bin

.PHONY: help setup setup-tests interpreter config demo serve test coverage bench waits size ca load screenshots soak format \
	flash package watch unflash pull-spool test-board bench-board clean
.DEFAULT_GOAL := help

# A flag that is 0, no, off or false is not given.
$(foreach flag,TLS README SHORT SOURCE ROMFS,$(if $(filter 0 no off false,$($(flag))), \
	$(eval override $(flag) :=)))

AS_TABLE = awk -F'|' '{ printf "  make %-12s %s\n", $$1, $$2 }'

help:
	@echo "To use islog:"
	@sed -n 's/^\([a-z-]*\):[^#]* ## /\1|/p' Makefile | $(AS_TABLE)
	@echo "To change islog:"
	@sed -n 's/^\([a-z-]*\):[^#]* ### /\1|/p' Makefile | $(AS_TABLE)

setup: ## make .venv, which all others do where it is needed
	@tools/setup_env

setup-tests: ### make .venv with what the tests need, too
	@tools/setup_env tests

interpreter:
	@tools/micropython -c "import sys; i = sys.implementation; \
	i.name == 'micropython' and i.version >= (1, 22) or \
	print('islog needs MicroPython 1.22 or later, and what tools/micropython found is not.', file=sys.stderr) or sys.exit(1)"

demo: setup interpreter ## a simulated board and a local server, live (SECONDS=20 BOARD=rp2 TLS=1 API=events)
	@$(PY) -m tools.demo $(if $(SECONDS),--seconds $(SECONDS)) $(if $(BOARD),--board $(BOARD)) $(if $(TLS),--tls) $(if $(API),--api $(API))

serve: setup ## a local Initial State for boards to send to (ARGS="--help" for more)
	@$(PY) -m tools.server $(ARGS)

config: setup ## ask for Wi-Fi, key, bucket and server, and write config.json (ARGS="--help")
	@$(PY) -m tools.configure $(ARGS)

test: setup-tests interpreter ### all checks and tests (KIND=server: one kind; ARGS="FILE -k NAME": some)
	@$(if $(ARGS),$(PY) -m pytest $(ARGS),$(PY) -m tools.run_tests $(KIND))

coverage: setup-tests ### the lines of islog that the unit tests on CPython do not reach (ARGS: other tests)
	@$(PY) -m coverage run -m pytest -q $(or $(ARGS),host_tests/unit)
	@$(PY) -m coverage report

bench: setup-tests interpreter ### islog against what one would write by hand, measured (README=1: into the docs)
	@$(PY) -m tools.bench $(if $(README),--readme) $(ARGS)

waits: setup-tests interpreter ### the longest poll() for every fault, measured (README=1: into the docs)
	@$(PY) -m tools.bench.waits $(if $(README),--readme)

size: setup-tests ### what islog takes of flash and heap, against its ceilings and goals
	@$(PY) -m tools.size

ca: setup ## write the root certificates of config.json's hosts into ca.der (HOST="a b": of these)
	@$(PY) -m tools.ca $(HOST) $(ARGS)

load: setup ### how many readings/s the local server takes (ARGS="--million": a million readings)
	@$(PY) -m tools.load $(ARGS)

screenshots: setup-tests ### take the pictures in docs/screenshots anew
	@$(PY) -m host_tests.server.screenshots

soak: setup-tests interpreter ### the long forms: load, fuzz, faults, power cuts, sleep (an hour; SHORT=1: seconds)
	@$(PY) -m tools.load --seconds $(if $(SHORT),0.5 --rate 0,60)
	@$(PY) -m tools.load --seconds $(if $(SHORT),0.5 --rate 0,60) --new
	@$(if $(SHORT),,$(PY) -m tools.load --million)
	@$(PY) -m host_tests.server.fuzz --seconds $(if $(SHORT),1,600)
	@$(PY) -m host_tests.model $(if $(SHORT),--schedules 3 --inputs 3 --injections 0 --shortages 0 --batteries 0)
	@$(if $(SHORT),,$(PY) -m pytest -q host_tests/power --long)
	@$(if $(SHORT),,$(PY) -m pytest -q host_tests/unit/deep_month_test.py --long)
	@$(PY) -m host_tests.soak $(if $(SHORT),--readings 100 --times 1)

format: setup-tests ### format the code, and mend what the linter can
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

flash: setup ## put islog, main.py and config.json on a board (PORT= or PORT=all, MAIN= CONFIG= SOURCE=1 ROMFS=1)
	@$(PY) -m tools.device flash --port "$(PORT)" $(if $(SOURCE),--source) $(if $(ROMFS),--romfs) $(if $(MAIN),--main "$(MAIN)") $(if $(CONFIG),--config "$(CONFIG)")

package: setup ## islog compiled, for mip, into build/mip: put that on a web server (URL=its address there)
	@$(PY) -m tools.package $(if $(URL),--url "$(URL)")

watch: setup ## show what a board prints (PORT=, RESTART=1: from its start)
	@$(PY) -m tools.device watch --port "$(PORT)" $(if $(RESTART),--restart)

unflash: setup ## take off a board what flash put there (PORT=)
	@$(PY) -m tools.device unflash --port "$(PORT)"

pull-spool: setup ## copy the readings that a board keeps in flash (PORT= TO=spool)
	@$(PY) -m tools.device pull-spool --port "$(PORT)" $(if $(TO),--to "$(TO)")

test-board: setup ### run the unit tests on a board (PORT= TESTS="test_ring test_wifi")
	@$(PY) -m host_tests.on_real_board --port "$(PORT)" $(TESTS)

bench-board: setup ### make bench on a board: its start, log(), JSON and heap (PORT=)
	@$(PY) -m tools.device bench-board --port "$(PORT)"

clean: ## remove all that was downloaded or made (never config.json or recorded readings)
	rm -rf .venv .cache build tools/wasm/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
