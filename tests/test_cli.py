"""The `cae` command: what it prints, and one clear sentence with an exit code for each fault."""

import os
import signal
import subprocess
import sys
import time
import warnings

import pytest
import torch
from test_runner import make_notebook

from cae_lib import checkpoints, cli, experiments
from cae_lib.data import STAND_IN, ImageSet


@pytest.fixture
def few_images(monkeypatch):
    """load_images gives 40 noisy images of the stand-in's kind."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (40, 3, 32, 32), generator=generator, dtype=torch.uint8)

    def load_images(split):
        return ImageSet(images, torch.arange(40) % 10, tuple("abcdefghij"), STAND_IN, split)

    monkeypatch.setattr("cae_lib.data.load_images", load_images)


def fails(argv, capsys, code):
    """Run a command that must fail with this exit code and a single line on stderr; that line."""
    assert cli.main([str(a) for a in argv]) == code
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("cae: ")
    return lines[0]


def command(*argv, **options):
    return subprocess.Popen([sys.executable, "-m", "cae_lib.cli", *map(str, argv)], text=True, **options)


def test_help_is_quick_and_imports_nothing_heavy():
    heavy = "{'torch', 'torchvision', 'numpy', 'papermill', 'matplotlib'}"
    code = (
        "import sys, time, cae_lib.cli\n"
        "try: cae_lib.cli.main(['--help'])\n"
        f"finally: print('loaded:', sorted({heavy} & set(sys.modules)), time.process_time())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded, seconds = done.stdout.splitlines()[-1].rsplit(" ", 1)
    assert loaded == "loaded: []"
    assert all(name in done.stdout for name in ("doctor", "train", "evaluate", "run", "figures"))
    assert float(seconds) < 0.5  # of the processor, which other programs do not lengthen


@pytest.mark.parametrize("argv", [[], ["nonsense"], ["train", "model1", "--epochs", "0"], ["train", "--seed", "-1"]])
def test_wrong_arguments(argv, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(argv)
    assert stop.value.code == 2
    assert "usage: cae" in capsys.readouterr().err


def test_train_lists_the_runs(capsys):
    assert cli.main(["train", "--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(experiments.RECIPES)


def test_train_in_a_folder_of_ones_own_and_go_on(few_images, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(checkpoints, "OWN", tmp_path)
    folder = tmp_path / "model2" / "seed3"
    assert cli.main(["train", "model2", "--seed", "3", "--epochs", "1"]) == 0
    assert checkpoints.load_run(folder).epoch == 1
    assert cli.main(["train", "model2", "--seed", "3", "--epochs", "2"]) == 0
    assert checkpoints.load_run(folder).epochs_kept[-1] == 2
    assert "2 epochs done; lowest validation loss" in capsys.readouterr().out


def test_train_faults(few_images, monkeypatch, tmp_path, capsys):
    def write(folder, *args, **kwargs):
        raise AssertionError("nothing may be trained")

    monkeypatch.setattr(checkpoints, "train_run", write)
    assert "choose one of model1, model2" in fails(["train", "modell"], capsys, 2)
    assert "Which run?" in fails(["train"], capsys, 2)
    assert "--all takes no name" in fails(["train", "model1", "--all"], capsys, 2)
    assert "CIFAR-10" in fails(["train", "--all"], capsys, 1)


def test_a_run_of_other_data_is_not_continued(few_images, monkeypatch, tmp_path, capsys):
    assert cli.main(["train", "model2", "--epochs", "1", "--folder", str(tmp_path)]) == 0
    capsys.readouterr()
    assert "holds another run" in fails(["train", "model1", "--folder", tmp_path], capsys, 1)


def test_a_full_disk(few_images, monkeypatch, tmp_path, capsys):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    argv = ["train", "model2", "--epochs", "1", "--folder", tmp_path]
    assert cli.main([str(a) for a in argv]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("cae: Cannot write") and "No space left" in last and "Free some space" in last
    assert list(tmp_path.iterdir()) == []


def test_evaluate(few_images, tmp_path, capsys):
    cli.main(["train", "model2", "--epochs", "1", "--folder", str(tmp_path / "mine")])
    stored = checkpoints.load_run(tmp_path / "mine").history.validation_loss[-1]
    capsys.readouterr()
    assert cli.main(["evaluate", "--folder", str(tmp_path / "mine")]) == 0
    first, header, row = capsys.readouterr().out.splitlines()
    assert "40 test images of stand-in" in first and "not CIFAR-10's" in first
    assert header.split()[:4] == ["run", "epoch", "range", "loss"]
    *_, loss, mse, psnr, ssim = row.split()
    assert float(loss) == pytest.approx(stored, abs=1e-5)
    assert float(mse) == pytest.approx(float(loss), abs=2e-5)  # model2's own range is [0, 1]
    assert 0 < float(psnr) < 40 and -1 < float(ssim) < 1


def test_evaluate_faults(few_images, tmp_path, capsys):
    assert "No shipped run is called modell" in fails(["evaluate", "modell"], capsys, 2)
    assert "not both" in fails(["evaluate", "model1", "--folder", tmp_path], capsys, 2)
    assert "There is no run in" in fails(["evaluate", "--folder", tmp_path / "none"], capsys, 1)
    cli.main(["train", "model2", "--epochs", "1", "--folder", str(tmp_path)])
    weights = tmp_path / "epoch_01.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    capsys.readouterr()
    assert "is damaged" in fails(["evaluate", "--folder", tmp_path], capsys, 1)


def test_run_faults(tmp_path, capsys, monkeypatch):
    notebook = make_notebook(tmp_path, "01_small")
    assert "No parameter TYPO in 01_small; known there: EPOCHS" in fails(["run", notebook, "-p", "TYPO=1"], capsys, 2)
    assert "EPOCHS must be of type int" in fails(["run", notebook, "-p", "EPOCHS=x"], capsys, 2)
    assert "-p needs NAME=VALUE" in fails(["run", notebook, "-p", "EPOCHS"], capsys, 2)
    assert "There is no notebook" in fails(["run", tmp_path / "02.ipynb"], capsys, 2)
    monkeypatch.setenv("CAE_DATA", str(tmp_path / "nowhere"))
    assert "set CAE_DATA to the directory" in fails(["run", notebook, "--out", tmp_path / "out"], capsys, 1)


def test_run_passes_the_profile_and_reports_failures(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("CAE_DATA", STAND_IN)
    check = "assert (PROFILE, EPOCHS) == ('full', 9), (PROFILE, EPOCHS)"
    notebook = make_notebook(tmp_path, "01_small", check)
    argv = ["run", str(notebook), "--out", str(tmp_path / "out"), "-p", "EPOCHS=9"]
    assert cli.main([*argv, "--profile", "full"]) == 0
    assert "failed" not in capsys.readouterr().out
    assert cli.main(argv) == 1
    assert "AssertionError: ('quick', 9)" in capsys.readouterr().out


def test_doctor_exit_code(monkeypatch, capsys):
    from cae_lib.doctor import Check

    monkeypatch.setattr("cae_lib.doctor.checks", lambda: [Check(True, "fine")])
    assert cli.main(["doctor"]) == 0
    monkeypatch.setattr("cae_lib.doctor.checks", lambda: [Check(False, "broken", "repair it")])
    assert cli.main(["doctor"]) == 1
    assert "cure: repair it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (RuntimeError("operator torchvision::nms does not exist"), "install both from the same index"),
        (ModuleNotFoundError("No module named 'papermill'"), "run `cae doctor`"),
        (PermissionError(13, "Permission denied", "figures"), "figures: Permission denied"),
    ],
)
def test_errors_of_the_installation(monkeypatch, capsys, error, text):
    def broken(args):
        raise error

    monkeypatch.setattr(cli, "figures", broken)
    assert text in fails(["figures"], capsys, 1)


def test_an_error_nobody_foresaw_keeps_its_traceback(monkeypatch):
    def broken(args):
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "figures", broken)
    with pytest.raises(ZeroDivisionError):
        cli.main(["figures"])


def test_warnings_are_single_lines(monkeypatch, capsys):
    def warns(args):
        warnings.warn("something is odd", UserWarning, stacklevel=1)

    monkeypatch.setattr(cli, "figures", warns)
    assert cli.main(["figures"]) == 0
    assert capsys.readouterr().err == "warning: something is odd\n"


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_stopping_and_going_on(tmp_path):
    """A training stopped with Ctrl-C says so and is resumed by the same command."""
    argv = ["train", "overfit", "--epochs", "12", "--folder", tmp_path]
    environment = os.environ | {"CAE_DATA": STAND_IN, "OMP_NUM_THREADS": "1"}
    process = command(*argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for line in process.stdout:
        if line.startswith("epoch  1/12"):
            break
    while not (tmp_path / "run.json").exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.rstrip().endswith("stopped; run the same command again to go on") and "Traceback" not in errors
    again = command(*argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, _ = again.communicate(timeout=120)
    assert again.returncode == 0
    assert "epoch  1/12" not in output and "epoch 12/12" in output
