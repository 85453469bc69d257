# The front door. `make help` lists the targets.

JOBS ?= $(shell nproc)
RELEASE = build/release
# Integration tests start three processes each and share the machine with clients: two at a time.
TEST_JOBS ?= 2
DATA ?= data
# Where `make install` puts things.
PREFIX ?= /usr/local

# `make fuzz` runs each target for so long.
SECONDS ?= 60

# `make sim-long` goes on for so long, from this seed on.
HOURS ?= 1
FIRST_SEED ?= 1000000

.PHONY: build install docs build-all build-bench build-sim run test test-long sim sim-long bench bench-micro build-fuzz fuzz lint format clean help
.DEFAULT_GOAL := build

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

build: ## Release build of the programs, in build/release/bin/
	@tools/setup-debian build
	@cmake --preset release
	@cmake --build --preset release --target programs -j $(JOBS)

install: ## The programs and the library, under PREFIX (/usr/local)
	@tools/setup-debian build
	@cmake --preset release
	@cmake --build --preset release --target installed -j $(JOBS)
	@cmake --install $(RELEASE) --prefix $(PREFIX)

docs: ## Reference of the library's headers, in build/docs/html/
	@tools/setup-debian docs
	@mkdir -p build/docs
	@doxygen docs/Doxyfile

build-all:
	@tools/setup-debian build test
	@tools/setup-node
	@cmake --preset release -DRABIA_BUILD_TESTS=ON
	@cmake --build --preset release -j $(JOBS)

build-sim:
	@tools/setup-debian build
	@cmake --preset release
	@cmake --build --preset release --target rabia-sim rabia-explore -j $(JOBS)

run: build ## Three replicas on ports 7001 to 7003, with their data in ./data
	@exec $(RELEASE)/bin/rabia-cluster --data $(DATA)

test: build-all ## Unit tests, integration tests and the layering check
	@ctest --test-dir $(RELEASE) -j $(TEST_JOBS) -LE long --output-on-failure --no-tests=error

test-long: build-all ## All of `test`, the long rounds, and unit tests under the sanitizers
	@for preset in asan tsan; do \
	  cmake --preset $$preset -DRABIA_BUILD_TESTS=ON && \
	  cmake --build --preset $$preset --target unit_tests -j $(JOBS) && \
	  ctest --test-dir build/$$preset -j $(JOBS) -L unit --output-on-failure --no-tests=error \
	    || exit 1; \
	done
	@ctest --test-dir $(RELEASE) -j $(TEST_JOBS) --output-on-failure --no-tests=error

sim: build-sim ## 2,000 simulated clusters with everything going wrong: docs/testing.md
	@$(RELEASE)/bin/rabia-sim --seeds 0:2000 --jobs $(JOBS)

sim-long: build-sim ## Simulated clusters for HOURS=n hours (default 1), from FIRST_SEED=n on
	@$(RELEASE)/bin/rabia-sim --seeds $(FIRST_SEED): --hours $(HOURS) --jobs $(JOBS)

build-bench:
	@tools/setup-debian build bench
	@cmake --preset release -DRABIA_BENCH=ON
	@cmake --build --preset release --target programs rabia-bench-etcd rabia-bench-micro -j $(JOBS)

bench: build-bench ## Figures beside Redis and etcd, in bench/results/; one row with ONLY=name
	@/usr/bin/python3 -B bench/run.py --bin $(RELEASE)/bin $(if $(ONLY),--only $(ONLY)) $(BENCH)

bench-micro: build-bench ## What single parts cost, without network and disk; some with MICRO=regex
	@$(RELEASE)/bin/rabia-bench-micro --benchmark_counters_tabular=true \
	  $(if $(MICRO),--benchmark_filter='$(MICRO)')

build-fuzz:
	@tools/setup-debian build fuzz
	@cmake --preset fuzz
	@cmake --build --preset fuzz --target fuzz -j $(JOBS)

fuzz: build-fuzz ## libFuzzer on what reads bytes of others, SECONDS=n (60) each; one with TARGET=name
	@tools/fuzz $(SECONDS) $(JOBS) $(TARGET)

lint: ## Formatting, layering, and clang-tidy on changed files (on all with ALL=1)
	@tools/setup-debian build test lint
	@cmake --preset dev -DRABIA_BUILD_TESTS=ON >/dev/null
	@tools/lint $(if $(ALL),--all)

format: ## Format all C++ files in place
	@tools/setup-debian lint
	@tools/lint --format

clean: ## Remove what was built (not ./data)
	@rm -rf build tests/integration/node_modules
