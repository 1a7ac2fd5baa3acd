"""What has to be known to build a rate-distortion autoencoder, and in which order its symbols are coded."""

from dataclasses import asdict, dataclass
from itertools import accumulate, pairwise
from typing import NamedTuple

from cae_lib.base.errors import UsageError

CONTEXTS, ROUNDINGS = ("groups", "none"), ("mixed", "noise", "straight-through", "apart")


class Pass(NamedTuple):
    """Symbols coded together: channels begin ... end - 1 on some `fields`. Their network sees the channels < known."""

    begin: int
    end: int
    known: int
    fields: str


@dataclass(frozen=True)
class RateDistortionConfig:
    """What has to be known to build the model again.

    lambdas: what one unit of squared error (255^2 MSE) is worth in bits per pixel, one a quality; groups: channels
    of the code that are coded together; context: "groups", or "none" for all symbols in one pass that sees nothing
    but z; rounding: what stands in for rounding while training: "noise", "straight-through", or "mixed" (noise for the
    rate, straight-through for everything that sees the symbols), or "apart" (mixed, and the entropy model
    learns from rounded symbols alone); hyper: channels of z, 0 for no hyperprior.

    width, narrow: channels of the transforms at 8 x 8 and at 16 x 16 places; deep, shallow: their residual blocks
    there; by_quality: whether each block is told the quality. hidden: channels inside the networks of the entropy
    model; reach: the places that they see, on each side of the one that they predict.
    """

    width: int = 160
    narrow: int = 64
    deep: int = 2
    shallow: int = 1
    by_quality: bool = False
    groups: tuple[int, ...] = (8, 8, 16, 16)
    lambdas: tuple[float, ...] = (0.001, 0.002, 0.004, 0.008, 0.014, 0.025, 0.05, 0.09)
    context: str = "groups"
    rounding: str = "mixed"
    hyper: int = 0
    hidden: int = 64
    reach: int = 1

    def __post_init__(self):
        for word, known in ((self.context, CONTEXTS), (self.rounding, ROUNDINGS)):
            if word not in known:
                raise UsageError(f"There is no {word!r}; choose one of {', '.join(known)}.")

    @property
    def channels(self) -> int:
        """Channels of the symbols: those of z and those of the code."""
        return self.hyper + sum(self.groups)

    def passes(self) -> list[Pass]:
        """What is coded together, in order; the first pass sees nothing, and every other one has a network."""
        passes = [Pass(0, self.hyper, 0, "corners")] if self.hyper else []
        if self.context == "none":
            return [*passes, Pass(self.hyper, self.channels, self.hyper, "all")]
        for begin, end in pairwise(accumulate(self.groups, initial=self.hyper)):
            passes += [Pass(begin, end, begin, "black"), Pass(begin, end, end, "white")]
        return passes

    def as_dict(self) -> dict:
        """For JSON."""
        return asdict(self) | {"groups": list(self.groups), "lambdas": list(self.lambdas)}
