PYTHON ?= python3
BIN := .venv/bin
PROFILE ?= quick

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## */make \1	/' | expand -t 20

.venv/.done: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

setup: .venv/.done  ## make or update the environment .venv

run: .venv/.done  ## execute the notebooks into build/ (PROFILE=full computes everything)
	$(BIN)/cae run --out build --profile $(PROFILE)

lab: .venv/.done  ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks

# The tests need no network: without CAE_DATA they use the stand-in.
# One process a core, each with one thread: faster than one process with several.
test test-slow test-browser: export CAE_DATA := $(or $(CAE_DATA),stand-in)
test test-slow: export OMP_NUM_THREADS := 1
test: .venv/.done  ## run the tests, and the notebooks' solutions in little
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow" tests

# The cells of a notebook are tests that need those before them: a file stays on one process.
test-slow: .venv/.done  ## run the tests that take long: all cells of the notebooks, a cluster, views in a browser
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -m slow \
		--nbval-lax --nbval-current-env tests notebooks

test-browser: export CAE_DEMAND_BROWSER := 1
test-browser: .venv/.done  ## run only the tests in a browser; they fail where there is no Chromium
	$(BIN)/python -m pytest tests/browser

lint: .venv/.done  ## check the style of code and notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

bench: .venv/.done  ## measure speed
	$(BIN)/python tests/bench.py

slides: .venv/.done  ## export the notebooks, as stored, as slide decks into build/slides
	$(BIN)/python -m cae_lib.headless.slides build/slides

site: .venv/.done  ## build the course as a site into build/site, slides included (NOTEBOOKS=build: as `make run` has executed it)
	$(BIN)/python -m cae_lib.site.build build/site $(NOTEBOOKS)

figures: .venv/.done  ## draw everything under figures/ again from the stored runs and measurements
	$(BIN)/cae figures

# The source is notebooks/solutions. The state of widgets is of no use without their kernel.
notebooks: export CAE_RUNS := $(CURDIR)/build/runs
notebooks: .venv/.done  ## write the notebooks from their solutions, execute them in place and keep their outputs
	$(BIN)/python -m cae_lib.course.release
	$(BIN)/jupyter nbconvert --log-level ERROR --to notebook --execute --inplace \
		--ExecutePreprocessor.store_widget_state=False --ExecutePreprocessor.record_timing=False notebooks/[0-9]*.ipynb
	$(BIN)/python -m cae_lib.course.release teaching

train: .venv/.done  ## train everything that ships, in full; goes on where it was stopped
	$(BIN)/cae train --all

.PHONY: help setup run lab test test-slow test-browser lint bench slides site figures notebooks train
