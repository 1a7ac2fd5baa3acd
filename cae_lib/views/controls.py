"""What a reader can move: sliders, lists, numbers, and fields for a file or a text; drawn by view.js."""

from collections.abc import Iterable

from cae_lib.base.errors import UsageError


class Control:
    """One value that a reader chooses, by a handle whose name is the control's key in its view.

    kind: "slider" or "list", which choose one of `options`; "number"; "file", whose value is (name, content) or None;
    "text". options: (label, value) pairs. play: whether a button moves the slider by itself. label: a name for screen
    readers, where a number has no other; what stands in an empty text field. Only the first three kinds choose the
    picture.
    """

    def __init__(self, kind: str, options: list[tuple[str, object]], value, *, play: bool = False, label: str = ""):
        self.kind, self.options, self.value, self.play, self.label = kind, options, value, play, label

    @property
    def choosing(self) -> bool:
        """Whether its value is one of its options."""
        return self.kind in ("slider", "list")

    @property
    def draws(self) -> bool:
        """Whether the picture depends on it directly."""
        return self.kind not in ("file", "text")

    @property
    def values(self) -> list:
        """What can be chosen."""
        return [value for _, value in self.options]

    def name(self, value) -> str:
        """How a value is written beside the handle."""
        return next((label for label, each in self.options if each == value), f"{value}")

    def set(self, value) -> None:
        """Take a value. Raises UsageError for one that is not among the options."""
        if self.choosing and value not in self.values:
            names = ", ".join(label for label, _ in self.options)
            raise UsageError(f"{value!r} cannot be chosen here; choose one of {names}.")
        self.value = value

    def fit(self, options: Iterable, value=None) -> None:
        """Offer other options; the value becomes `value`, or stays if it is one of them, or becomes the last."""
        self.options = pairs(options)
        self.value = value if value is not None else self.value if self.value in self.values else self.values[-1]

    def sent(self):
        """Its value as view.js knows it: a place among the options, a number, or a text."""
        return self.values.index(self.value) if self.choosing else self.value if self.kind == "number" else ""

    def taken(self, sent, *content: bytes):
        """The value that view.js means; with a file's name comes its content. Of fewer options, the last is taken."""
        if self.choosing:
            return self.options[min(sent, len(self.options) - 1)][1]
        return float(sent) if self.kind == "number" else (sent, *content) if content else sent

    def spec(self) -> dict:
        """What view.js needs to know of it."""
        facts = {"kind": self.kind, "value": self.sent()}
        facts |= {"labels": [label for label, _ in self.options]} if self.choosing else {}
        return facts | {key: value for key in ("play", "label") if (value := getattr(self, key))}


def pairs(options: Iterable) -> list[tuple[str, object]]:
    """Options as (label, value), from such pairs or from values alone."""
    return [option if isinstance(option, tuple) else (str(option), option) for option in options]


def slider(options: Iterable, value=None, *, play: bool = False) -> Control:
    """A slider over given options: values, or pairs (label, value)."""
    options = pairs(options)
    return Control("slider", options, options[0][1] if value is None else value, play=play)


def counter(high: int, value: int = 0, low: int = 0) -> Control:
    """A slider over the whole numbers from low to high."""
    return slider(range(low, high + 1), value)


def chooser(options: Iterable, value=None) -> Control:
    """A list to choose one of several options from: values, or pairs (label, value)."""
    options = pairs(options)
    return Control("list", options, options[0][1] if value is None else value)
