"""The README's pictures, and its sections once the kit has an address."""

from io import BytesIO

import numpy as np
import pytest
from helpers.images import stand_in_set
from PIL import Image

from cae_lib import plots
from cae_lib.course import chart
from cae_lib.data.images import CIFAR10
from cae_lib.front import moving, readme
from cae_lib.headless.runner import NOTEBOOKS
from cae_lib.results import measurements

ADDRESS = "https://github.com/somebody/kit"
RIGHT = (500, 44, 750, 330)  # where the losses stand in the moving picture: left, top, right, bottom


@pytest.fixture(params=["", ".git"])
def addressed(monkeypatch, request):
    monkeypatch.setattr(readme, "REPOSITORY", ADDRESS + request.param)
    return readme.REPOSITORY


def test_with_an_address_the_first_command_works_as_it_stands(addressed):
    assert readme.start() == f"```\ngit clone {addressed} kit && cd kit && make lab\n```\n"


def test_with_an_address_every_chapter_opens_in_colab(addressed):
    links = [f"/github/somebody/kit/blob/HEAD/notebooks/{path.name})" for path in NOTEBOOKS.glob("[0-9]*.ipynb")]
    assert links and all(link in readme.chapters() for link in links)


def test_without_one_nothing_is_linked_that_is_not_there(monkeypatch):
    monkeypatch.setattr(readme, "REPOSITORY", "")
    assert "http" not in readme.chapters() + readme.start()


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("[0-9]*.ipynb")), ids=lambda path: path.stem)
def test_a_chapters_picture_comes_from_the_stored_notebook(path):
    shipped = Image.open(measurements.FIGURES / "chapters" / f"{path.stem[:2]}.webp")
    assert shipped.size == readme.SMALL
    assert apart(shipped, Image.open(BytesIO(readme.small(path)))) < 2


def test_the_sections_are_written_and_nothing_else_is(monkeypatch, tmp_path):
    monkeypatch.setattr(measurements, "FIGURES", tmp_path / "figures")
    monkeypatch.setattr(readme, "SECTIONS", {"a": lambda: "new\n", "b": lambda: "too\n"})
    (begin_a, end_a), (begin_b, end_b) = map(readme.marks, "ab")
    (tmp_path / "README.md").write_text(f"1\n{begin_a}\nold\n{end_a}\n2 é\n{begin_b}\n{end_b}\n3\n", encoding="utf-8")
    readme.write()
    wanted = f"1\n{begin_a}\nnew\n{end_a}\n2 é\n{begin_b}\ntoo\n{end_b}\n3\n"
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == wanted
    assert len(list((tmp_path / "figures" / "chapters").iterdir())) == 12


def apart(one, other) -> float:
    """The mean difference of two pictures, in levels of 255: another library may draw letters a little differently."""
    first, second = (np.asarray(picture.convert("RGB"), dtype=float) for picture in (one, other))
    return abs(first - second).mean()


def test_the_moving_picture_is_that_of_the_views():
    """As far as no data are needed: the frames of the chart, and the losses beside the pictures of each epoch."""
    shipped = Image.open(measurements.FIGURES / "moving.webp")
    filling = moving.filling()
    for place, frame in enumerate(filling):
        shipped.seek(shipped.n_frames - len(filling) + place)
        assert apart(shipped, frame) < 4
    for place, frame in enumerate(moving.epochs(stand_in_set(100))):
        shipped.seek(place)
        assert apart(shipped.crop(RIGHT), frame.crop(RIGHT)) < 4


def test_the_moving_picture_is_small_and_has_a_frame_an_epoch_and_a_notebook():
    file = measurements.FIGURES / "moving.webp"
    shipped, points = Image.open(file), measurements.stored("chart")["points"]
    assert file.stat().st_size < 2_000_000 and shipped.size == moving.SIZE
    assert shipped.n_frames == 20 + len({point["notebook"] for point in points})


@pytest.mark.parametrize("share", [0, 0.5, 1])
def test_the_handle_stands_where_the_value_is(share):
    frame = moving.framed(plots.to_png(plots.empty_figure(3, 2)), "epoch", "1", share)
    above = [x for x in range(frame.width) if frame.getpixel((x, moving.LINE // 2 - 8)) == (0x00, 0x72, 0xB2)]
    assert above[0] < moving.TRACK[0] + share * (moving.TRACK[1] - moving.TRACK[0]) < above[-1] < above[0] + 19


def test_the_chart_fills_up_with_the_kits_points_alone(monkeypatch):
    """Whoever has points of their own does not publish them."""
    frames = [frame.tobytes() for frame in moving.filling()]
    assert len(set(frames)) == len(frames) > 5
    own = {"name": "mine", "rate": 1.0, "psnr": 30.0, "how": "bytes of files"}
    monkeypatch.setattr(chart, "kept", lambda: {CIFAR10: [own]})
    assert [frame.tobytes() for frame in moving.filling()] == frames


@pytest.mark.slow
def test_every_epoch_moves_the_picture():
    frames = moving.epochs(stand_in_set(20))
    assert len({frame.tobytes() for frame in frames}) == len(frames) == 20
