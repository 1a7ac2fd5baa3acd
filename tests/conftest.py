"""What several test modules share: no test downloads anything, and data sets of a few images."""

import atexit
import hashlib
import os
import pickle
import shutil
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

# The same examples in every run, however slow the machine.
settings.register_profile("kit", derandomize=True, deadline=None)
settings.load_profile("kit")
os.environ.setdefault("CAE_DATA", "stand-in")
# What a notebook keeps for its reader, tests keep for themselves.
os.environ["CAE_RUNS"] = tempfile.mkdtemp(prefix="cae-runs-")
atexit.register(shutil.rmtree, os.environ["CAE_RUNS"], ignore_errors=True)


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.suffix == ".ipynb":  # a cell, of nbval
            item.add_marker("slow")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The directory that holds the real CIFAR-10."""
    root = Path(os.environ["CAE_DATA"])
    if not (root / "cifar-10-batches-py").is_dir():
        pytest.skip("CAE_DATA does not point to the real CIFAR-10")
    return root


@pytest.fixture
def tiny_cifar10(tmp_path):
    """CIFAR-10 with 20 random images a batch: torchvision's class with other checksums.

    Its `folder` holds cifar-10-batches-py and the archive of it.
    """
    from torchvision.datasets import CIFAR10

    folder = tmp_path / "tiny"
    batches = folder / CIFAR10.base_folder
    batches.mkdir(parents=True)
    rng = np.random.default_rng(0)
    sums = {}
    for name in [*(n for n, _ in CIFAR10.train_list + CIFAR10.test_list), CIFAR10.meta["filename"]]:
        content = {"data": rng.integers(0, 256, (20, 3072), dtype=np.uint8), "labels": [*range(10), *range(10)]}
        if name == CIFAR10.meta["filename"]:
            content = {CIFAR10.meta["key"]: [f"class {k}" for k in range(10)]}
        (batches / name).write_bytes(pickle.dumps(content))
        sums[name] = hashlib.md5((batches / name).read_bytes()).hexdigest()
    with tarfile.open(folder / CIFAR10.filename, "w:gz") as archive:
        archive.add(batches, CIFAR10.base_folder)
    facts = {
        "folder": str(folder),
        "base_folder": CIFAR10.base_folder,
        "filename": CIFAR10.filename,
        "url": None,
        "tgz_md5": hashlib.md5((folder / CIFAR10.filename).read_bytes()).hexdigest(),
        "train_list": [[name, sums[name]] for name, _ in CIFAR10.train_list],
        "test_list": [[name, sums[name]] for name, _ in CIFAR10.test_list],
        "meta": CIFAR10.meta | {"md5": sums[CIFAR10.meta["filename"]]},
    }
    return type("TinyCIFAR10", (CIFAR10,), facts | {"facts": facts})


@pytest.fixture
def one_cpu_core():
    from helpers.images import one_core

    from cae_lib import training

    with one_core(training):
        yield
