"""Steps of a training that a GPU repeats by itself: a thousand small kernels run faster than Python starts them."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

EAGER = 5  # steps before one is recorded, in which libraries choose their kernels and optimisers make their state
Step = Callable[..., dict[str, Tensor]]


def own_stream(device: torch.device) -> AbstractContextManager:
    """On CUDA, a queue of work beside the default one, on which steps can be recorded; elsewhere nothing."""
    return torch.cuda.stream(torch.cuda.Stream()) if device.type == "cuda" else nullcontext()


def adam(parameters: Iterable[nn.Parameter], learning_rate: float, device: torch.device) -> torch.optim.Adam:
    """Adam; on CUDA with all that it counts there, so that its steps can be replayed."""
    if device.type != "cuda":
        return torch.optim.Adam(parameters, lr=learning_rate)
    return torch.optim.Adam(parameters, lr=torch.tensor(learning_rate, device=device), fused=True, capturable=True)


def set_learning_rate(optimiser: torch.optim.Optimizer, learning_rate: float) -> None:
    """Change it; in place where it lies on the device, since a recorded step reads it there."""
    for group in optimiser.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(learning_rate)
        else:
            group["lr"] = learning_rate


def replayed(step: Step, device: torch.device) -> Step:
    """The same step; on CUDA, recorded once for each shape of its first input, and then replayed, in `own_stream`.

    It must depend on its inputs and on what lies on the device alone, and never wait for a number. What a replayed
    step returns is overwritten by the next one.
    """
    if device.type != "cuda":
        return step
    seen, recorded = 0, {}

    def run(*inputs: Tensor) -> dict[str, Tensor]:
        nonlocal seen
        shape = inputs[0].shape
        if shape not in recorded:
            if seen < EAGER:
                seen += 1
                return step(*inputs)
            graph, places = torch.cuda.CUDAGraph(), [x.clone() for x in inputs]
            with torch.cuda.graph(graph, stream=torch.cuda.current_stream()):
                recorded[shape] = graph, places, step(*places)
        graph, places, outputs = recorded[shape]
        for place, value in zip(places, inputs, strict=True):
            place.copy_(value)
        graph.replay()
        return outputs

    return run
