# Dompet's front door. The work is done by scripts/; each of them says at its top what it does.
.DEFAULT_GOAL := help
.PHONY: help run cluster test simulate chaos bench check format clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

run:  ## build, start PostgreSQL and Dompet, serve until Ctrl-C
	@scripts/run

cluster:  ## the same with three nodes; NODES=5 for more
	@scripts/cluster $(NODES)

test:  ## build and run every test; RINGS="unit models" for some
	@scripts/test $(RINGS)

simulate:  ## random lives under virtual time; SEEDS=1000, SEED=1 for the first one
	@scripts/simulate $(or $(SEEDS),1000) $(SEED)

chaos:  ## faults under load in a loop, then a table; MINUTES=10, FAULTS=F1,F4 for some
	@scripts/chaos --minutes $(or $(MINUTES),10) $(if $(FAULTS),--faults $(FAULTS))

bench:  ## measure against plain SQL on this machine, write docs/benchmarks.md
	@if [ -x scripts/bench ]; then scripts/bench; else echo "there is no benchmark yet (scripts/bench)" >&2; exit 1; fi

check:  ## format, include rules, clang-tidy on what differs from main; ALL=1 for all
	@scripts/check $(if $(ALL),--all)

format:  ## format all C++ files in place
	@scripts/check --fix

clean:  ## remove what was built; the data below var/ stays
	@if [ -d build/test-postgres/postgres ]; then scripts/postgres stop build/test-postgres; fi
	rm -rf build
