"""The environment self-test: each fault that students meet, and the cure that is named for it."""

import os
import sys
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace

import pytest

from cae_lib.cli import doctor


def missing(*names):
    """A stand-in for importlib.metadata.version that lacks these libraries."""

    def version_of(name):
        if name in names:
            raise PackageNotFoundError(name)
        return "99.0"

    return version_of


def failing(error):
    def load(name):
        if name == "torchvision":
            raise error
        return SimpleNamespace(__version__="2.15.0")

    return load


def test_this_environment_is_sound():
    """Shipped runs aside, which have tests of their own."""
    results = [doctor.guarded(check) for check in (doctor.python, doctor.libraries, doctor.torch_pair, doctor.device,
                                                   doctor.data, doctor.kernel, doctor.widgets)]  # fmt: skip
    assert [r for r in results if not r.ok] == []


def test_torch_of_another_index_than_torchvision():
    result = doctor.torch_pair(failing(RuntimeError("operator torchvision::nms does not exist")))
    assert not result.ok
    assert "both from the same index" in result.cure and "pip install torch torchvision" in result.cure


def test_torch_that_cannot_be_imported():
    result = doctor.torch_pair(failing(ImportError("libcudart.so.12: cannot open shared object file")))
    assert not result.ok and "libcudart" in result.text and "requirements.txt" in result.cure


def test_old_python():
    assert doctor.python((3, 10, 0)).ok and doctor.python((3, 14, 1)).ok
    assert not doctor.python((3, 9, 18)).ok


def test_libraries():
    file = ["torch>=2.6", "safetensors>=0.4.3", 'ruff>=0.6; extra == "test"']
    found = {"torch": "2.10.1+cpu", "safetensors": "0.4.3"}
    assert doctor.libraries(file, found.__getitem__).ok
    old = doctor.libraries(file, (found | {"torch": "2.5.1+cpu"}).__getitem__)
    assert not old.ok and "torch 2.5.1+cpu is older than 2.6" in old.text and "safetensors" not in old.text
    lacking = doctor.libraries(file, missing("safetensors"))
    assert not lacking.ok and lacking.text == "safetensors is missing" and "requirements.txt" in lacking.cure


@pytest.mark.parametrize("name", ["anywidget", "jupyterlab_widgets"])
def test_widgets_missing(name):
    result = doctor.widgets(missing(name))
    assert not result.ok and name in result.text and f"pip install {name}" in result.cure


def use_kernel(monkeypatch, answer, folder="/somewhere/kernels/python3"):
    def get_kernel_spec(self, name):
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(argv=[answer, "-m", "ipykernel_launcher"], resource_dir=str(folder))

    monkeypatch.setattr("jupyter_client.kernelspec.KernelSpecManager.get_kernel_spec", get_kernel_spec)
    return doctor.kernel()


def test_kernel(monkeypatch, tmp_path):
    from jupyter_client.kernelspec import NoSuchKernel

    none = use_kernel(monkeypatch, NoSuchKernel("python3"))
    assert not none.ok and "python -m ipykernel install --user" in none.cure
    other = use_kernel(monkeypatch, str(tmp_path / "bin" / "python3"))
    assert not other.ok and "another Python" in other.text and "ipykernel install" in other.cure
    assert use_kernel(monkeypatch, sys.executable).ok
    assert use_kernel(monkeypatch, "python").ok


@pytest.mark.parametrize("name", ["JUPYTER_PATH", "JUPYTER_DATA_DIR"])
def test_a_wrong_kernel_from_a_path_in_the_environment(monkeypatch, tmp_path, name):
    monkeypatch.setenv(
        name, os.pathsep.join(["/elsewhere", str(tmp_path)]) if name == "JUPYTER_PATH" else str(tmp_path)
    )
    folder = tmp_path / "kernels" / "python3"
    other = use_kernel(monkeypatch, str(tmp_path / "bin" / "python3"), folder)
    assert not other.ok and str(folder) in other.text and other.cure.startswith(f"unset {name}")


@pytest.mark.parametrize(("backend", "ok"), [("Agg", False), ("svg", False), ("module://x", True), ("", True)])
def test_a_backend_that_shows_nothing(monkeypatch, backend, ok):
    monkeypatch.setenv("MPLBACKEND", backend)
    result = doctor.plots()
    assert result.ok is ok and (ok or "plt.show() shows nothing" in result.text and "unset MPLBACKEND" in result.cure)


def test_data_source_is_named_and_nothing_is_downloaded(monkeypatch, tmp_path):
    def download(*args, **kwargs):
        raise AssertionError("the doctor must not download")

    monkeypatch.setattr("cae_lib.cifar10.download.cached_cifar10", download)
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda name: str(tmp_path / "cache"))

    monkeypatch.setenv("CAE_DATA", "stand-in")
    assert doctor.data().ok and "stand-in" in doctor.data().text
    monkeypatch.delenv("CAE_DATA")
    assert doctor.data().ok and "will be downloaded" in doctor.data().text
    monkeypatch.setenv("CAE_DATA", str(tmp_path))
    result = doctor.data()
    assert not result.ok and str(tmp_path) in result.text and "CAE_DATA" in result.cure
    (tmp_path / "cifar-10-batches-py").mkdir()
    result = doctor.data()
    assert not result.ok and "data_batch_1" in result.text and "whole archive" in result.cure


def test_a_missing_run(monkeypatch, tmp_path):
    monkeypatch.setattr("cae_lib.checkpoints.SHIPPED", tmp_path)
    result = doctor.runs()
    assert not result.ok and "model1" in result.text and "git" in result.cure


def test_a_check_that_breaks_is_a_failure():
    def broken():
        raise OSError("disk gone")

    result = doctor.guarded(broken)
    assert not result.ok and "disk gone" in result.text and result.cure

    def pair():
        raise RuntimeError("operator torchvision::nms does not exist")

    assert doctor.guarded(pair).cure == doctor.PAIR_CURE


def test_report():
    good, bad = doctor.Check(True, "fine"), doctor.Check(False, "broken", "repair it")
    assert doctor.report([good]).splitlines() == ["ok    fine", "All is well."]
    assert doctor.report([good, bad]).splitlines() == [
        "ok    fine",
        "FAIL  broken",
        "      cure: repair it",
        "1 of 2 checks failed.",
    ]
