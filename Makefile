PYTHON ?= python3
BIN := .venv/bin
PROFILE ?= quick

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## */make \1	/' | expand -t 16

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
test: export CAE_DATA := $(or $(CAE_DATA),stand-in)
test: .venv/.done  ## run the tests and check the outputs stored in the notebooks
	$(BIN)/python -m pytest --nbval-lax --nbval-current-env tests notebooks

lint: .venv/.done  ## check the style of code and notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

bench: .venv/.done  ## measure speed
	$(BIN)/python tests/bench.py

figures: .venv/.done  ## make everything under figures/ again from the stored runs
	$(BIN)/cae figures

# Without the state of its widgets, a stored notebook shows their static pictures.
notebooks: .venv/.done  ## execute the notebooks in place and keep their outputs, as they are committed
	$(BIN)/jupyter nbconvert --log-level ERROR --to notebook --execute --inplace \
		--ExecutePreprocessor.store_widget_state=False notebooks/0*.ipynb

train: .venv/.done  ## train everything that ships, in full; goes on where it was stopped
	$(BIN)/cae train --all

.PHONY: help setup run lab test lint bench figures notebooks train
