"""The `cae` command: what it prints, and one clear sentence with an exit code for each fault."""

import json
import os
import signal
import subprocess
import sys
import time
import warnings
from dataclasses import replace
from functools import partial
from io import BytesIO

import numpy as np
import pytest
from helpers.images import random_set
from helpers.notebooks import make_notebook
from helpers.pictures import changed, picture, png, with_checksum
from PIL import Image

from cae_lib import checkpoints
from cae_lib.cli import main
from cae_lib.codec import integers, streams
from cae_lib.codec.container import variable_length
from cae_lib.data.images import STAND_IN
from cae_lib.results import recipes


@pytest.fixture
def few_images(monkeypatch):
    """load_images gives 40 noisy images of the stand-in's kind."""

    def load_images(split):
        return replace(random_set(40), source=STAND_IN, split=split)

    monkeypatch.setattr("cae_lib.data.images.load_images", load_images)


def fails(argv, capsys, code):
    """Run a command that must fail with this exit code and a single line on stderr; that line."""
    assert main.main([str(a) for a in argv]) == code
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("cae: ")
    return lines[0]


def command(*argv, **options):
    return subprocess.Popen([sys.executable, "-m", "cae_lib.cli", *map(str, argv)], text=True, **options)


def test_help_is_quick_and_imports_nothing_heavy():
    heavy = "{'torch', 'torchvision', 'numpy', 'papermill', 'matplotlib'}"
    code = (
        "import sys, time\nfrom cae_lib.cli.main import main\n"
        "try: main(['--help'])\n"
        f"finally: print('loaded:', sorted({heavy} & set(sys.modules)), time.process_time())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded, seconds = done.stdout.splitlines()[-1].rsplit(" ", 1)
    assert loaded == "loaded: []"
    assert all(
        name in done.stdout for name in ("doctor", "train", "evaluate", "compress", "decompress", "inspect", "run")
    )
    assert float(seconds) < 0.5  # of the processor, which other programs do not lengthen


@pytest.mark.parametrize("argv", [[], ["nonsense"], ["train", "model1", "--epochs", "0"], ["train", "--seed", "-1"]])
def test_wrong_arguments(argv, capsys):
    with pytest.raises(SystemExit) as stop:
        main.main(argv)
    assert stop.value.code == 2
    assert "usage: cae" in capsys.readouterr().err


def test_train_lists_the_runs(capsys):
    assert main.main(["train", "--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        *recipes.RECIPES,
    ]


def test_train_in_a_folder_of_ones_own_and_go_on(few_images, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(checkpoints, "OWN", tmp_path)
    folder = tmp_path / "model2" / "seed3"
    assert main.main(["train", "model2", "--seed", "3", "--epochs", "1"]) == 0
    assert checkpoints.load_run(folder).epoch == 1
    assert main.main(["train", "model2", "--seed", "3", "--epochs", "2"]) == 0
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
    assert main.main(["train", "model2", "--epochs", "1", "--folder", str(tmp_path)]) == 0
    capsys.readouterr()
    assert "holds another training" in fails(["train", "model1", "--folder", tmp_path], capsys, 1)


def test_a_full_disk(few_images, monkeypatch, tmp_path, capsys):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    argv = ["train", "model2", "--epochs", "1", "--folder", tmp_path]
    assert main.main([str(a) for a in argv]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("cae: Cannot write") and "No space left" in last and "Free some space" in last
    assert list(tmp_path.iterdir()) == []


def test_evaluate(few_images, tmp_path, capsys):
    main.main(["train", "model2", "--epochs", "1", "--folder", str(tmp_path / "mine")])
    stored = checkpoints.load_run(tmp_path / "mine").history.validation_loss[-1]
    capsys.readouterr()
    assert main.main(["evaluate", "--folder", str(tmp_path / "mine")]) == 0
    first, header, row = capsys.readouterr().out.splitlines()
    assert "40 test images of stand-in" in first and "not CIFAR-10's" in first
    assert header.split()[:4] == ["run", "epoch", "range", "loss"]
    *_, loss, mse, psnr, ssim = row.split()
    assert float(loss) == pytest.approx(stored, abs=1e-5)
    assert float(mse) == pytest.approx(float(loss), abs=2e-5)  # model2's own range is [0, 1]
    assert 0 < float(psnr) < 40 and -1 < float(ssim) < 1


def test_evaluate_faults(few_images, tmp_path, capsys):
    assert "No shipped run is called modell" in fails(["evaluate", "modell"], capsys, 2)
    assert "without names" in fails(["evaluate", "model1", "--folder", tmp_path], capsys, 2)
    assert "There is no run in" in fails(["evaluate", "--folder", tmp_path / "none"], capsys, 1)
    main.main(["train", "model2", "--epochs", "1", "--folder", str(tmp_path)])
    weights = tmp_path / "epoch_01.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    capsys.readouterr()
    assert "is damaged" in fails(["evaluate", "--folder", tmp_path], capsys, 1)


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(picture(30, 40)).save(path)
    return path


def pixels(path) -> np.ndarray:
    with Image.open(path) as image:
        assert image.mode == "RGB"
        return np.array(image)


def test_compress_inspect_decompress(photo, tmp_path, capsys):
    packed, back = tmp_path / "photo.cae", tmp_path / "new" / "back.png"
    assert main.main(["compress", str(photo), str(packed)]) == 0
    data = streams.compress(picture(30, 40), model="rd", quality=5)
    assert packed.read_bytes() == data
    shown = capsys.readouterr()
    assert shown.out == "" and f"40 x 30 pixels: {len(data):,} bytes, {8 * len(data) / 1200:.3f} bpp" in shown.err

    assert main.main(["inspect", str(packed)]) == 0
    rows = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    inside = streams.payload_size(data)
    assert rows["model"] == "rd" and rows["quality"] == "5" and rows["picture"] == "40 x 30 pixels"
    assert rows["weights"] == f"fingerprint {streams.fingerprint('rd').hex()}"
    assert rows["container"] == f"15 bytes, {8 * 15 / 1200:.3f} bpp" and rows["raw"] == "RGB    3,600 bytes, 24.000 bpp"
    assert rows["payload"].startswith(f"{inside:,} bytes") and rows["file"].startswith(f"{inside + 15:,} bytes")

    assert main.main(["decompress", str(packed), str(back)]) == 0
    np.testing.assert_array_equal(pixels(back), streams.decompress(data))
    shown = capsys.readouterr()
    assert shown.out == "" and f"40 x 30 pixels from {len(data):,} bytes" in shown.err


def test_compress_with_a_model_and_a_quality(photo, tmp_path):
    target = tmp_path / "photo.cae"
    assert main.main(["compress", str(photo), str(target), "--model", "model2", "--quality", "1"]) == 0
    assert target.read_bytes() == streams.compress(picture(30, 40), model="model2", quality=1)


@pytest.mark.parametrize("name", ["a.png", "a.PNG", "a.tif", "a.tiff", "a.bmp", "a.ppm", "a.webp"])
def test_the_suffix_chooses_a_format_without_loss(name, photo, tmp_path):
    main.main(["compress", str(photo), str(tmp_path / "photo.cae")])
    assert main.main(["decompress", str(tmp_path / "photo.cae"), str(tmp_path / name)]) == 0
    np.testing.assert_array_equal(pixels(tmp_path / name), streams.decompress((tmp_path / "photo.cae").read_bytes()))


def test_files_are_overwritten_only_when_asked(photo, tmp_path, capsys):
    packed, back = tmp_path / "photo.cae", tmp_path / "back.png"
    for path in (packed, back):
        path.write_bytes(b"precious")
    assert "--force" in fails(["compress", photo, packed], capsys, 2)
    assert packed.read_bytes() == b"precious"
    assert main.main(["compress", str(photo), str(packed), "--force"]) == 0
    capsys.readouterr()
    assert "--force" in fails(["decompress", packed, back], capsys, 2)
    assert back.read_bytes() == b"precious"
    assert main.main(["decompress", str(packed), str(back), "--force"]) == 0
    assert pixels(back).shape == (30, 40, 3)
    capsys.readouterr()
    (tmp_path / "folder").mkdir()
    assert "no regular file" in fails(["compress", photo, tmp_path / "folder", "--force"], capsys, 2)


CONVERTED = {
    "grey": (lambda image: image.convert("L"), "mode L becomes RGB"),
    "palette": (lambda image: image.convert("P"), "mode P becomes RGB"),
    "alpha": (lambda image: image.convert("RGBA").rotate(45), "laid over white"),
    "16 bits": (lambda image: Image.fromarray(np.array(image.convert("L")).astype(np.uint16) * 257), "become 8"),
}


@pytest.mark.parametrize(("convert", "note"), CONVERTED.values(), ids=CONVERTED)
def test_other_modes_are_converted_with_a_note(convert, note, photo, tmp_path, capsys):
    source, target = tmp_path / "other.png", tmp_path / "other.cae"
    convert(Image.open(photo)).save(source)
    assert main.main(["compress", str(source), str(target)]) == 0
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(f"note: {source}: ") and note in first and "40 x 30 pixels" in second
    assert streams.decompress(target.read_bytes()).shape == (30, 40, 3)


def bad_pictures(photo) -> dict[str, tuple[bytes, str]]:
    floats = BytesIO()
    Image.new("F", (4, 4)).save(floats, "TIFF")
    return {
        "text": (b"no picture at all", "no image in a format that Pillow knows"),
        "empty": (b"", "no image in a format that Pillow knows"),
        "cut": (photo.read_bytes()[:100], "is a damaged PNG (it is cut short)"),
        "floats": (floats.getvalue(), "floating-point pixels have no known range"),
        "bomb": (png(60_000, 60_000, b""), "has more than 100,000,000 pixels"),
        "large": (png(10_001, 10_000, b""), "has more than 100,000,000 pixels"),
    }


def test_bad_pictures_leave_no_file(photo, tmp_path, capsys):
    for name, (content, text) in bad_pictures(photo).items():
        (tmp_path / name).write_bytes(content)
        line = fails(["compress", tmp_path / name, tmp_path / "out.cae"], capsys, 1)
        assert text in line and str(tmp_path / name) in line
    assert "nowhere.png: No such file" in fails(["compress", tmp_path / "nowhere.png", tmp_path / "out.cae"], capsys, 1)
    assert "directory" in fails(["compress", tmp_path, tmp_path / "out.cae"], capsys, 1)
    argv = ["compress", photo, tmp_path / "out.cae"]
    assert "No codec is called 'modell'" in fails([*argv, "--model", "modell"], capsys, 1)
    assert "no quality 9: choose a whole number from 1 to 8" in fails([*argv, "--quality", "9"], capsys, 1)
    assert not (tmp_path / "out.cae").exists()


def test_bad_cae_files_leave_no_picture(photo, tmp_path, capsys):
    data = streams.compress(picture(30, 40), model="model1", quality=4)
    absurd = b"".join([data[:9], variable_length(100_000), variable_length(100_000), data[11:-4]])
    cases = {
        "foreign": (photo.read_bytes(), "This is no .cae file"),
        "empty": (b"", "This is no .cae file"),
        "cut": (data[:-5], "damaged or cut short"),
        "flipped": (data[:20] + bytes([data[20] ^ 4]) + data[21:], "damaged or cut short"),
        "absurd": (with_checksum(absurd), "100000 x 100000 pixels cannot be coded"),
        "weights": (changed(data, fingerprint=b"abc"), "with other weights (fingerprint 616263"),
        "model": (changed(data, model=99), "model number 99, unknown here"),
        "quality": (changed(data, quality=99), "no quality 99"),
    }
    for name, (content, text) in cases.items():
        path = tmp_path / name
        path.write_bytes(content)
        assert text in fails(["decompress", path, tmp_path / "out.png"], capsys, 1)
        assert text in fails(["inspect", path], capsys, 1)
    path = tmp_path / "forged"
    path.write_bytes(changed(data, width=20))
    assert "altered or forged" in fails(["decompress", path, tmp_path / "out.png"], capsys, 1)
    assert not (tmp_path / "out.png").exists()


def test_inspect_shows_the_header_of_what_cannot_be_decoded_here(tmp_path, capsys):
    data = streams.compress(picture(30, 40), model="model1", quality=4)
    (tmp_path / "other.cae").write_bytes(changed(data, model=99))
    assert main.main(["inspect", str(tmp_path / "other.cae")]) == 1
    shown = capsys.readouterr().out
    assert "number 99, unknown here" in shown and "40 x 30 pixels" in shown


def test_decompress_names_the_formats_that_it_writes(tmp_path, capsys):
    for name in ("out", "out.jpg", "out.cae"):
        assert ".png, .tif" in fails(["decompress", tmp_path / "photo.cae", tmp_path / name], capsys, 2)


def test_a_full_disk_leaves_no_half_a_file(photo, tmp_path, monkeypatch, capsys):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert "No space left" in fails(["compress", photo, tmp_path / "out.cae"], capsys, 1)
    assert list(tmp_path.iterdir()) == [photo]


def test_standard_input_and_output(photo):
    """cae compress - - < photo | cae decompress - -: pictures on the one stream, messages on the other."""
    done = subprocess.run(
        [sys.executable, "-c", PIPE], input=photo.read_bytes(), capture_output=True, check=True, timeout=300
    )
    np.testing.assert_array_equal(
        pixels(BytesIO(done.stdout)), streams.decompress(streams.compress(picture(30, 40), model="model1", quality=2))
    )
    first, second = done.stderr.decode().splitlines()
    assert first.startswith("40 x 30 pixels: ") and second.startswith("40 x 30 pixels from ")


PIPE = """
import io, sys
from cae_lib.cli.main import main
real, between = sys.stdout, io.TextIOWrapper(io.BytesIO())
sys.stdout = between
assert main(["compress", "-", "-", "--model", "model1", "--quality", "2"]) == 0
between.buffer.seek(0)
sys.stdin, sys.stdout = between, real
assert main(["decompress", "-", "-"]) == 0
"""


def test_evaluate_codecs_on_a_folder(photo, tmp_path, capsys):
    out = tmp_path / "out"
    argv = ["evaluate", "model1", "--codecs", str(tmp_path), "--out", str(out)]
    assert main.main(argv) == 0
    shown = capsys.readouterr()
    rows = [line.split("  ")[0] for line in shown.out.splitlines()]
    assert "model1" in rows and "JPEG 4:4:4" in rows and not any("published" in row for row in rows)
    assert f"images in {tmp_path}: 1," in shown.err
    result = json.loads((out / "rate_distortion.json").read_text())
    assert result["images"] == 1 and len(result["curves"]["model1"]) == 8
    for name in ("payload", "file"):
        assert Image.open(out / f"rate_distortion_{name}.png").width > 400


def test_evaluate_codecs_on_test_images(few_images, tmp_path, capsys):
    assert main.main(["evaluate", "model1_code2", "--codecs", "--images", "2"]) == 0
    shown = capsys.readouterr()
    assert "2 test images of stand-in" in shown.err and "published" not in shown.out


def test_evaluate_codecs_faults(photo, tmp_path, capsys):
    assert "belong to --codecs" in fails(["evaluate", "--images", "3"], capsys, 2)
    assert "belong to --codecs" in fails(["evaluate", "--out", tmp_path], capsys, 2)
    assert "No codec is called modell; there are model1," in fails(["evaluate", "modell", "--codecs"], capsys, 2)
    assert "takes no run's --folder" in fails(["evaluate", "--codecs", "--folder", tmp_path], capsys, 2)
    assert "is no folder" in fails(["evaluate", "--codecs", photo], capsys, 1)
    (tmp_path / "none").mkdir()
    assert "holds no image" in fails(["evaluate", "--codecs", tmp_path / "none"], capsys, 1)
    assert "photo.png" in fails(["evaluate", "model1", "--codecs", tmp_path, "--out", photo], capsys, 1)


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
    assert main.main([*argv, "--profile", "full"]) == 0
    assert "failed" not in capsys.readouterr().out
    assert main.main(argv) == 1
    assert "AssertionError: ('quick', 9)" in capsys.readouterr().out


def test_doctor_exit_code(monkeypatch, capsys):
    from cae_lib.cli.doctor import Check

    monkeypatch.setattr("cae_lib.cli.doctor.checks", lambda: [Check(True, "fine")])
    assert main.main(["doctor"]) == 0
    monkeypatch.setattr("cae_lib.cli.doctor.checks", lambda: [Check(False, "broken", "repair it")])
    assert main.main(["doctor"]) == 1
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

    monkeypatch.setattr(main, "figures", broken)
    assert text in fails(["figures"], capsys, 1)


def test_an_error_nobody_foresaw_keeps_its_traceback(monkeypatch):
    def broken(args):
        raise ZeroDivisionError

    monkeypatch.setattr(main, "figures", broken)
    with pytest.raises(ZeroDivisionError):
        main.main(["figures"])


def test_warnings_are_single_lines(monkeypatch, capsys):
    def warns(args):
        warnings.warn("something is odd", UserWarning, stacklevel=1)

    monkeypatch.setattr(main, "figures", warns)
    assert main.main(["figures"]) == 0
    assert capsys.readouterr().err == "warning: something is odd\n"


def test_a_rate_distortion_training_leaves_a_codec_and_its_time(few_images, tmp_path, monkeypatch, capsys):
    recipe = recipes.RECIPES["rd_minutes"]
    small = replace(recipe, model=replace(recipe.model, width=8, groups=(4,)))
    monkeypatch.setitem(recipes.RECIPES, "rd_minutes", small)
    argv = ["train", "rd_minutes", "--seed", "1", "--folder", str(tmp_path), "--epochs"]
    assert main.main([*argv, "1"]) == 0
    assert "rd_minutes on stand-in, seed 1" in capsys.readouterr().out
    assert main.main([*argv, "2"]) == 0
    output = capsys.readouterr().out
    assert "epoch 1/2" not in output and "epoch 2/2" in output and "2 epochs in 0.00 hours" in output
    assert integers.load(tmp_path / "codec.safetensors").channels == 4


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_stopping_and_going_on(tmp_path):
    """A training stopped with Ctrl-C says so and is resumed by the same command."""
    argv = ["train", "overfit", "--folder", tmp_path, "--epochs"]
    environment = os.environ | {"CAE_DATA": STAND_IN, "OMP_NUM_THREADS": "1"}
    pipes = dict(env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    # In the background of a shell, the interrupt is ignored, also by all children.
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = command(*argv, "400", preexec_fn=heard, **pipes)
    for line in process.stdout:
        if line.startswith("epoch  1/400"):
            break
    while not (tmp_path / "run.json").exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.rstrip().endswith("stopped; run the same command again to go on") and "Traceback" not in errors
    done = json.loads((tmp_path / "run.json").read_text())["history"]["epochs"]
    again = command(*argv, str(done + 2), **pipes)
    output, _ = again.communicate(timeout=120)
    assert again.returncode == 0
    assert [f"epoch {e:>2}/{done + 2}" in output for e in (1, done, done + 1, done + 2)] == [False, False, True, True]


@pytest.mark.parametrize("link", [None, "symlink_to", "hardlink_to"])
@pytest.mark.parametrize("command", ["compress", "decompress"])
def test_the_only_original_is_never_replaced(tmp_path, capsys, command, link):
    source, target = tmp_path / "a.png", tmp_path / "a.png"
    source.write_bytes(streams.compress(picture(8, 8), model="dct", quality=3))
    if link:
        target = tmp_path / "b.png"
        getattr(target, link)(source)
    before = source.read_bytes()
    assert "is the file that is read, and would be lost" in fails([command, source, target, "--force"], capsys, 2)
    assert source.read_bytes() == before


@pytest.mark.parametrize("number", ["\u0663", "1_0", "4294967296", "1e3"])
def test_numbers_of_other_kinds_are_refused(capsys, number):
    with pytest.raises(SystemExit) as left:
        main.main(["train", "model1", "--seed", number])
    assert left.value.code == 2 and "is not a whole number from 0 to 4,294,967,295" in capsys.readouterr().err


def test_a_seed_that_no_run_has(capsys):
    assert "No shipped run has a seed 99" in fails(["evaluate", "--seed", "99"], capsys, 2)
