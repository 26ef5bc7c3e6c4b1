# The commands of every day; `just` alone lists them.

default:
    @just --list

# everything that must pass, on a fresh environment
ci:
    .ci/run

# the quick tests
test:
    pytest -n 2 -m "not slow"

# the whole suite
test-all:
    pytest -n 2

lint:
    ruff check .
    ruff format --check .
    mypy

format:
    ruff check --fix .
    ruff format .

# write the generated pages
docs:
    python -m seedbed.config.reference > docs/config.md
    python -m seedbed.cli.reference > docs/cli.md
