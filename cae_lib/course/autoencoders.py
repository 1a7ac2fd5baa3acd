"""How a class of autoencoders that a student wrote is judged: by what it does with pictures."""

from math import prod

import torch
from torch import nn

from cae_lib.course.judging import SECONDS, Way
from cae_lib.course.limits import Late, limited
from cae_lib.course.reading import Unanswered, Unreadable, is_stub, refuse_text, shorten, show


def is_autoencoder(limit: int) -> Way:
    """A class of autoencoders, by what its instances do with pictures: shapes, the numbers of the code, gradients."""

    def compare(answer, right) -> str:
        if is_stub(answer):
            raise Unanswered
        refuse_text(answer, "the class itself is")
        if callable(answer) and not isinstance(answer, type):
            try:
                made = answer()
            except Exception:
                made = answer
            if made is None:
                raise Unanswered
        if not isinstance(answer, type) or not issubclass(answer, nn.Module):
            raise Unreadable(f"A class is wanted that inherits from nn.Module, and {show(answer)} is none.")
        try:
            with limited(SECONDS):
                return fault(answer, limit)
        except Late:
            raise Unreadable(f"{answer.__name__} has not ended after {SECONDS:g} seconds, and was stopped.") from None
        except Unanswered:
            raise
        except Exception as error:
            raise Unreadable(
                f"With pictures of shape (2, 3, 32, 32) it raises {type(error).__name__}: "
                f"{shorten(str(error), 100).rstrip('.')}."
            ) from None

    return compare


def fault(answer: type[nn.Module], limit: int) -> str:
    """What is wrong with an autoencoder's class, "" if nothing. Raises whatever it raises."""
    torch.manual_seed(0)
    model, images = answer(), torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    missing = [name for name in ("encode", "decode") if not hasattr(model, name)]
    if len(missing) == 2:
        raise Unanswered
    if missing:
        return f"It has no method {missing[0]}."
    code = model.encode(images)
    numbers = prod(code.shape[1:])
    if not list(model.parameters()):
        return "It has no parameters, so nothing can be learned."
    if len(code) != 2:
        return f"Of 2 pictures it makes a code of shape {tuple(code.shape)}: its first axis has to be the pictures'."
    if numbers > limit:
        return f"Its code has {numbers:,} numbers a picture; {limit} are allowed at most."
    output = model.decode(code)
    if output.shape != images.shape:
        return f"It gives back pictures of shape {tuple(output.shape)}, and {tuple(images.shape)} is wanted."
    wild = model.decode(10 * torch.randn_like(code))
    if not (output.isfinite().all() and wild.isfinite().all()):
        return "There are numbers in its output that are not finite: nan or infinity."
    if min(output.min(), wild.min()) < 0 or max(output.max(), wild.max()) > 1:
        return "Its output leaves [0, 1], the range of the pictures: let a sigmoid be its last layer."
    if torch.equal(output, wild):
        return "Its output does not depend on its code."
    output.sum().backward()
    if any(p.grad is None for p in model.parameters()):
        return "A part of it is not used by encode and decode: it would learn nothing."
    return ""
