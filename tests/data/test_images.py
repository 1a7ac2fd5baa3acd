"""Image sets, their sources, and facts about the real CIFAR-10."""

import os
import pickle
import shutil
from pathlib import Path

import pytest
import torch
import torchvision

from cae_lib.cifar10 import download
from cae_lib.data import images as data
from cae_lib.data.images import DataError, ImageSet, load_images, scale, unscale


@pytest.fixture
def root(tiny_cifar10, monkeypatch):
    """A directory with a tiny CIFAR-10, which CAE_DATA names."""
    monkeypatch.setattr(torchvision.datasets, "CIFAR10", tiny_cifar10)
    monkeypatch.setenv("CAE_DATA", tiny_cifar10.folder)
    return Path(tiny_cifar10.folder)


@pytest.fixture
def no_choice(monkeypatch):
    """CAE_DATA is not set, and what was decided earlier is forgotten."""
    monkeypatch.delenv("CAE_DATA", raising=False)
    data.default_source.cache_clear()
    yield
    data.default_source.cache_clear()


@pytest.fixture
def images():
    labels = torch.tensor([1, 0, 1, 2, 0, 2])
    return ImageSet(
        torch.arange(6).to(torch.uint8).expand(3, 32, 32, 6).permute(3, 0, 1, 2), labels, "abc", "x", "test"
    )


def test_take(images):
    first = images.take(2)
    assert len(first) == 2 and first.images[:, 0, 0, 0].tolist() == [0, 1] and first.labels.tolist() == [1, 0]
    assert (first.classes, first.source, first.split) == (images.classes, images.source, images.split)
    assert len(images.take(100)) == len(images) == 6


def test_one_per_class_and_titles(images):
    assert images.one_per_class().tolist() == [1, 0, 3]
    with pytest.raises(ValueError, match="No image of c is among these 3: take more images"):
        images.take(3).one_per_class()
    assert images.titles(images.one_per_class()) == ["a", "b", "c"]
    assert images.titles([3, 3]) == ["c", "c"]


@pytest.mark.parametrize("pixel_range", [(0.0, 1.0), (-1.0, 1.0), (-0.5, 2.0)])
def test_scale_and_unscale_are_a_round_trip(pixel_range):
    values = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16).expand(2, 3, 16, 16)
    scaled = scale(values, pixel_range)
    assert scaled.dtype == torch.float32
    assert scaled.is_contiguous(memory_format=torch.channels_last)
    assert (scaled.min().item(), scaled.max().item()) == pytest.approx(pixel_range)
    assert torch.equal((unscale(scaled, pixel_range) * 255).round().to(torch.uint8), values)


def test_scale_of_one_image_keeps_its_shape():
    assert scale(torch.zeros(3, 32, 32, dtype=torch.uint8), (-1, 1)).shape == (3, 32, 32)


def test_unscale_clips_what_no_screen_can_show():
    assert unscale(torch.tensor([-3.0, -1.0, 0.0, 1.0, 1.5]), (-1, 1)).tolist() == [0, 0, 0.5, 1, 1]


def test_unknown_split():
    with pytest.raises(ValueError, match='choose "train" or "test"'):
        load_images("valid")


def test_stand_in_by_environment(monkeypatch):
    monkeypatch.setenv("CAE_DATA", "stand-in")
    loaded = load_images("test")
    assert (loaded.source, loaded.split, len(loaded), len(loaded.classes)) == ("stand-in", "test", 1000, 10)


def test_directory_by_environment(root):
    train, test = load_images("train"), load_images("test")
    assert train.source == test.source == "CIFAR-10" and train.classes[3] == "class 3"
    assert train.images.shape == (100, 3, 32, 32) and test.images.shape == (20, 3, 32, 32)
    assert train.images.dtype == torch.uint8 and train.labels.dtype == torch.int64
    assert train.labels.tolist() == [*range(10)] * 10


def test_pixels_are_in_the_order_channel_row_column(root):
    stored = pickle.loads((root / data.FOLDER / "test_batch").read_bytes())["data"]
    assert load_images("test").images.flatten(1).tolist() == stored.tolist()


def test_argument_goes_before_the_environment(root):
    assert load_images("test", "stand-in").source == "stand-in"
    with pytest.raises(DataError, match="elsewhere"):
        load_images("test", str(root / "elsewhere"))


def test_home_directory_may_be_short(root, monkeypatch):
    monkeypatch.setenv("HOME", str(root.parent))
    monkeypatch.setenv("USERPROFILE", str(root.parent))
    assert len(load_images("test", "~/" + root.name)) == 20


def test_directory_without_the_data_set(root, monkeypatch, tmp_path):
    for folder, sentence in (
        ("nowhere", rf"{tmp_path}/nowhere holds no folder cifar-10-batches-py: set CAE_DATA to"),
        ("tiny/cifar-10-batches-py", rf"is cifar-10-batches-py itself: set CAE_DATA to the folder around it, {root}\."),
    ):
        monkeypatch.setenv("CAE_DATA", str(root.parent / folder))
        with pytest.raises(DataError, match=sentence):
            load_images("train")


def test_only_the_archive(root, monkeypatch):
    monkeypatch.setenv("CAE_DATA", str(root))
    (root / data.FOLDER).rename(root / "elsewhere")
    (root / "cifar-10-python.tar.gz").touch()
    with pytest.raises(
        DataError, match="holds only the archive: unpack it there with `tar -xzf cifar-10-python.tar.gz`"
    ):
        load_images("train")


def test_a_relative_folder_is_named_by_its_whole_path(root, monkeypatch):
    monkeypatch.chdir(root)
    monkeypatch.setenv("CAE_DATA", "inner")
    with pytest.raises(DataError, match=rf"^{root}/inner holds no folder"):
        load_images("train")


@pytest.mark.parametrize("names", [["test_batch"], ["data_batch_1", "batches.meta"]])
def test_files_that_may_not_be_read_are_not_called_damaged(root, monkeypatch, names):
    real = Path.read_bytes

    def refuse(path):
        if path.name in names:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    def refuse_open(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "_check_integrity", refuse_open)
    with pytest.raises(DataError, match=f"files {', '.join(names)} in .* may not be read by you") as caught:
        load_images("train")
    assert "delete" not in str(caught.value) and "damaged" not in str(caught.value)


@pytest.mark.parametrize("name", ["data_batch_3", "test_batch", "batches.meta"])
@pytest.mark.parametrize("fault", ["truncated", "altered", "missing"])
def test_damaged_file(root, name, fault):
    path = root / data.FOLDER / name
    content = path.read_bytes()
    path.unlink()
    if fault == "truncated":
        path.write_bytes(content[:-1])
    elif fault == "altered":
        path.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
    for split in ("train", "test"):
        said = (
            "are missing: put them there" if fault == "missing" else r"are not those of CIFAR-10 \(by their MD5 sums\)"
        )
        with pytest.raises(
            DataError, match=rf"files {name} in {root}/{data.FOLDER} {said}.* or set CAE_DATA"
        ) as caught:
            load_images(split)
        assert "delete" not in str(caught.value), "it may be the folder of a class"


def test_read_only_directory(root):
    def state():
        return sorted((p, p.stat().st_mtime_ns) for p in root.rglob("*"))

    folders = [root, root / data.FOLDER]
    before = state()
    for folder in folders:
        folder.chmod(0o555)
    try:
        assert len(load_images("train")) == 100
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert state() == before


def test_without_a_choice_the_cache_is_used(root, no_choice, monkeypatch, tmp_path):
    shutil.copytree(root, tmp_path / "cache")
    monkeypatch.setattr(download, "cached_cifar10", lambda: tmp_path / "cache")
    assert load_images("test").source == "CIFAR-10"


def test_both_splits_come_from_one_source(no_choice, monkeypatch):
    """The network may come back between two calls: training on CIFAR-10 to test on the stand-in helps nobody."""
    answers = [None, "not asked for"]
    monkeypatch.setattr(download, "cached_cifar10", lambda: answers.pop(0))
    assert load_images("train").source == load_images("test").source == "stand-in"
    assert answers == ["not asked for"]


def test_empty_environment_variable_is_no_choice(no_choice, monkeypatch):
    monkeypatch.setitem(os.environ, "CAE_DATA", "")
    monkeypatch.setattr(download, "cached_cifar10", lambda: None)
    assert load_images("test").source == "stand-in"


@pytest.mark.parametrize(
    ("split", "count", "floor", "zero", "average", "largest"),
    [
        ("train", 50_000, 0.14114, 0.25599, 0.004225, 0.010788),
        ("test", 10_000, 0.13799, 0.25464, 0.004225, 0.010792),
    ],
)
def test_facts_about_cifar10(real_data, split, count, floor, zero, average, largest):
    """Errors that need no training.

    Pixels z in [-1, 1]: mean(min(z, 0)^2), which a final ReLU cannot undercut, and mean(z^2), the error
    of an output of zeros. Pixels in [0, 1]: pooling 2 x 2 by mean or by maximum, then repeating.
    """
    loaded = load_images(split, str(real_data))
    assert len(loaded) == count and loaded.labels.bincount().tolist() == [count // 10] * 10
    assert loaded.classes[0] == "airplane" and loaded.classes[9] == "truck"

    share = sum(torch.bincount(part.flatten(), minlength=256) for part in loaded.images.split(5000)) / (count * 3072)
    z = torch.linspace(-1, 1, 256, dtype=torch.float64)
    assert (share * z.clamp(max=0) ** 2).sum() == pytest.approx(floor, abs=6e-6)
    assert (share * z**2).sum() == pytest.approx(zero, abs=6e-6)

    totals = torch.zeros(2, dtype=torch.float64)
    for part in loaded.images.split(500):
        quarters = torch.stack([part[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)]).float() / 255
        for k, pooled in enumerate((quarters.mean(0), quarters.amax(0))):
            totals[k] += ((quarters - pooled) ** 2).mean() * len(part)
    assert (totals / count).tolist() == pytest.approx([average, largest], abs=6e-7)
