"""A view in a page: what a reader sees of it, and can take hold of."""

import re
from itertools import cycle, islice
from statistics import median

# From a key on a slider to the first frame that the screen could show with the other picture.
TIMED = """(input, key) => new Promise(done => {
    const canvas = input.getRootNode().querySelector('canvas'), before = canvas.getAttribute('aria-label');
    let pressed = null;
    input.addEventListener('input', () => { pressed ??= performance.now(); }, { capture: true, once: true });
    const watcher = new MutationObserver(() => {
        if (canvas.getAttribute('aria-label') === before) return;
        watcher.disconnect();
        requestAnimationFrame(() => done(performance.now() - pressed));
    });
    watcher.observe(canvas, { attributes: true });
    key === 'ArrowRight' ? input.stepUp() : input.stepDown();
    input.dispatchEvent(new Event('input'));
})"""

# Whether every view of a page has drawn its first picture: its sheet of frames is decoded in the background.
DRAWN = """[...document.querySelectorAll('.cae-view')].every(
    view => view.shadowRoot?.querySelector('canvas[aria-label]'))"""


class Shown:
    def __init__(self, root):
        self.root, self.page, self.canvas = root, root.page, root.locator("canvas")

    def picture(self) -> tuple[str, str]:
        """The text of the picture, and its pixels as an address."""
        return self.canvas.get_attribute("aria-label"), self.canvas.evaluate("canvas => canvas.toDataURL()")

    def control(self, name: str):
        return self.root.get_by_label(name, exact=True)

    def names(self, kind: str) -> list[str]:
        """The names of the controls that can be moved: sliders ("input[type=range]") or lists ("select")."""
        movable = f"{kind}:enabled"
        return self.root.locator(".control", has=self.page.locator(movable)).locator("label").all_inner_texts()

    def label(self, name: str) -> str:
        """What is written beside a slider, and said of it."""
        said = self.control(name).get_attribute("aria-valuetext")
        assert (
            said
            == self.root.locator(".control", has=self.page.get_by_label(name, exact=True))
            .locator("output")
            .inner_text()
        )
        return said

    def place(self, name: str) -> tuple[int, int]:
        """Where a slider is, and the end of its way."""
        return int(self.control(name).input_value()), int(self.control(name).get_attribute("max"))

    def press(self, name: str, key: str) -> None:
        self.control(name).focus()
        self.page.keyboard.press(key)

    def drag(self, name: str, end: str) -> None:
        """Take a slider by its handle and pull it to an end of its way, "left" or "right"."""
        slider = self.control(name)
        slider.scroll_into_view_if_needed()
        (now, high), way = self.place(name), slider.bounding_box()
        y = way["y"] + way["height"] / 2
        self.page.mouse.move(way["x"] + 8 + (way["width"] - 16) * now / high, y)
        self.page.mouse.down()
        self.page.mouse.move(way["x"] + (way["width"] + 5 if end == "right" else -5), y, steps=4)
        self.page.mouse.up()

    def wait_for(self, name: str, value: str) -> tuple[str, str]:
        """The picture once its text says that a control has a value."""
        state = re.compile(rf"\b{re.escape(name)}: {re.escape(value)}(;|\. )", re.IGNORECASE)
        self.canvas.and_(self.root.get_by_role("img", name=state)).wait_for()
        assert self.root.get_by_role("alert").inner_text() == ""
        return self.picture()

    def move_every_slider(self) -> list[str]:
        """One step there and back with the keys, and to an end with the mouse; the names of the sliders."""
        names = self.names("input[type=range]")
        for name in names:
            (now, high), first = self.place(name), self.label(name)
            if high == 0:
                continue
            before = self.wait_for(name, first)
            there, back = ("ArrowRight", "ArrowLeft") if now < high else ("ArrowLeft", "ArrowRight")
            self.press(name, there)
            assert self.label(name) != first
            assert self.wait_for(name, self.label(name))[1] != before[1]
            self.press(name, back)
            assert self.label(name) == first and self.wait_for(name, first) == before
            for key, place in (("Home", 0), ("End", high)):
                self.press(name, key)
                assert self.place(name)[0] == place
                self.wait_for(name, self.label(name))
            self.drag(name, "left")
            assert self.place(name)[0] == 0
            self.wait_for(name, self.label(name))
        return names

    def latency(self, name: str) -> float:
        """The median of 20 steps of a slider to and fro, in milliseconds from the key to the picture."""
        self.press(name, "Home")
        self.wait_for(name, self.label(name))
        end = self.place(name)[1]
        keys = cycle(["ArrowRight"] * end + ["ArrowLeft"] * end)
        return median(self.control(name).evaluate(TIMED, key) for key in islice(keys, 20))
