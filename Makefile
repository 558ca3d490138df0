# What there is to do here; `make` alone lists it. Everything is safe to repeat.

# `make run ARGS="--listen 127.0.0.1:9000"` hands its arguments on to the program.
ARGS ?=
# `make test TESTS=up` runs the tests whose names hold this.
TESTS ?=
export PATH := $(CURDIR)/.tools/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help run test check fmt bench openapi audit

help: ## Lists what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

run: ## Installs what is missing, builds, and runs everything on http://127.0.0.1:8080
	@scripts/install run
	@exec cargo run --bin stage -- up $(ARGS)

test: ## Runs all tests against services of their own
	@scripts/install run test
	@scripts/test $(TESTS)

check: ## Looks at form, lints, licences and the direction of dependencies
	@scripts/install check
	cargo fmt --all --check
	cargo fmt --manifest-path benches/peers/Cargo.toml --check
	cargo clippy --workspace --quiet -- -D warnings
	@# Tests make their own times and ids, and share modules of which each uses a part.
	cargo clippy --workspace --all-targets --quiet -- -D warnings -A clippy::disallowed-methods -A unreachable-pub
	cargo deny --workspace check bans licenses sources
	cargo test --quiet --test rooms

fmt: ## Formats the code
	cargo fmt --all
	cargo fmt --manifest-path benches/peers/Cargo.toml

bench: ## Measures what we promise, each beside its limit; results in target/bench/ratios.json
	@scripts/install run bench
	STAGE_TEST_FSYNC=on scripts/with-services cargo bench
	STAGE_TEST_FSYNC=on scripts/with-services cargo run --release --manifest-path benches/peers/Cargo.toml --target-dir target

openapi: ## Writes openapi/openapi.json anew
	cargo run --quiet --bin stage -- openapi >openapi/openapi.json.new
	mv openapi/openapi.json.new openapi/openapi.json

audit: ## Looks for known weaknesses in dependencies; downloads the advisory database
	@scripts/install check
	cargo deny --workspace check advisories
