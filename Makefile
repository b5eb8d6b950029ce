# Two commands do everything, from nothing but Python and make:
#   make pose   environment, install, train and compare all models
#   make test   environment, install, lint, types, tests

PYTHON ?= python3
VENV ?= .venv
CONSTRAINTS ?= constraints.txt
BIN := $(VENV)/bin
INSTALL = $(BIN)/pip install --quiet --disable-pip-version-check \
	--constraint $(CONSTRAINTS)
SOURCES := pyproject.toml $(CONSTRAINTS)

.PHONY: pose test lint types unit numerics versions fuzz smoke docs sparse \
	package clean

pose: $(VENV)/.pose
	$(BIN)/python experiments/run.py --task pose $(ARGS)

test: lint types unit

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	git ls-files -z | xargs -0 $(BIN)/codespell

types: $(VENV)/.test
	$(BIN)/mypy pyg_hcsf experiments

# As many processes as there are processors, each with one thread.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses logical

unit: $(VENV)/.test
	$(PYTEST) $(ARGS)

# The numerical tests with other vector units of the processor; `unit` takes
# the best that it has. Compiling, exporting and training take most of the
# time, and would compute nothing else.
NUMERICAL := $(addprefix tests/,nn geometry lifting metrics protocols)
SHORT := -k 'not (compil or export or onnx or learns)'

numerics: $(VENV)/.test
	ATEN_CPU_CAPABILITY=default $(PYTEST) $(NUMERICAL) $(SHORT) $(ARGS)
	ATEN_CPU_CAPABILITY=avx2 $(PYTEST) $(NUMERICAL) $(SHORT) $(ARGS)

# The command of the installed package, then the numerical tests with the base
# requirements alone, and a few of compiling and exporting, for another Python:
#   make versions PYTHON=python3.10 VENV=.venv-3.10 \
#       CONSTRAINTS=constraints-oldest.txt
TRACED := -k 'not (compil or export or onnx or learns) \
	or test_compile[hcsf_dynamic] or test_export[hcsf] or test_exported[pair]'

versions: $(VENV)/.versions
	cd $(VENV) && bin/pyg-hcsf lift $(CURDIR)/examples/walk_coco17.json \
		--image_size 1920 1080 --out walk.json
	$(PYTEST) $(NUMERICAL) $(TRACED) $(ARGS)

# 10,000 damaged copies of a file for each reader; `unit` takes 300.
fuzz: $(VENV)/.test
	PYG_HCSF_FUZZ=10000 $(PYTEST) -k damaged $(ARGS)

smoke: $(VENV)/.pose
	$(BIN)/python -m experiments.smoke

docs: $(VENV)/.docs
	$(BIN)/sphinx-build --quiet -W --keep-going docs docs/_build/html

# What is uploaded to a package index, in dist.
package: $(VENV)/.test
	$(INSTALL) build
	$(BIN)/python -m build

# torch-scatter and torch-sparse build for many minutes; WHEELS may hold them.
sparse: $(VENV)/.test
	$(BIN)/pip install --quiet --no-build-isolation \
		$(if $(WHEELS),--find-links $(WHEELS)) torch-scatter torch-sparse

$(VENV)/bin/pip:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.pose: $(VENV)/bin/pip $(SOURCES)
	$(INSTALL) torch --editable '.[plot,train]'
	touch $@

$(VENV)/.test: $(VENV)/bin/pip $(SOURCES)
	$(INSTALL) torch --editable '.[test]'
	touch $@ $(VENV)/.pose

$(VENV)/.versions: $(VENV)/bin/pip $(SOURCES)
	$(INSTALL) torch . hypothesis pytest pytest-xdist
	touch $@

$(VENV)/.docs: $(VENV)/bin/pip $(SOURCES)
	$(INSTALL) torch --editable '.[docs,plot]'
	touch $@

clean:
	rm -rf $(VENV) dist runs docs/_build
