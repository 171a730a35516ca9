# Every target is one script or one cargo command; `make help` lists them.

.PHONY: help demo test build bench pictures windows setup fmt lint sqlx clean
.DEFAULT_GOAL := help

# The queries are checked against .sqlx, so that nothing but `make sqlx` needs a database to compile.
export SQLX_OFFLINE = true

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

demo: ## everything running, on a domain controller with 200 people; EMPTY=1: with nothing set up
	scripts/demo

test: ## all checks and all tests
	@scripts/test

# Apart, so that the agent is built with its own few features and stays small.
build: ## the programs, optimised, in target/release/
	scripts/ui
	cargo build --release --package adit-agent
	cargo build --release --package adit-server --package jumpcloud-simulator

bench: ## measure speed and memory
	scripts/bench

pictures: ## the pictures of docs/pictures, taken anew
	scripts/pictures

windows: ## the agent for Windows
	scripts/windows

setup: ## install what is missing on this machine
	scripts/setup

fmt: ## format the code
	cargo fmt --all

lint: ## clippy and the dependency policy
	scripts/ui
	cargo clippy --workspace --all-targets -- -D warnings
	scripts/deny

sqlx: ## write .sqlx after a query or a migration has changed
	scripts/sqlx

clean: ## remove what was built
	cargo clean
	rm -rf .dev static/vendor
