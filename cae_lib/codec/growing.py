"""A larger model that begins where a smaller one ended, so that its training is not lost.

Sources: Chen et al., Net2Net (2016), for larger networks that begin as the same function; Goyal et al., Accurate, large
minibatch SGD (2017), for residual blocks that begin as the identity.
"""

import torch

from cae_lib.base.errors import UsageError
from cae_lib.codec.design import RateDistortionConfig
from cae_lib.codec.model import RateDistortionAutoencoder, ResidualBlock, Transform


@torch.no_grad()
def grown(small: RateDistortionAutoencoder, config: RateDistortionConfig) -> RateDistortionAutoencoder:
    """A model of this config whose transforms do what those of `small` do.

    It may have more residual blocks, more qualities, blocks that are told the quality, and any entropy model, which
    begins anew. Raises UsageError where it has another width or code.
    """
    old, large = small.config, RateDistortionAutoencoder(config)
    for name in ("width", "narrow", "hyper"):
        if getattr(old, name) != getattr(config, name):
            raise UsageError(f"A model grows into one with the same {name}, {getattr(old, name)}.")
    if sum(old.groups) != sum(config.groups):
        raise UsageError(f"A model grows into one with as many channels of the code, {sum(old.groups)}.")
    grow(large.g_a, small.g_a)
    grow(large.g_s, small.g_s)
    if config.hyper:
        large.h_a.load_state_dict(small.h_a.state_dict())
    nearest = (large.lambdas[:, None].log() - small.lambdas.log()).abs().argmin(1)
    finer = (large.lambdas / small.lambdas[nearest]).sqrt().log()[:, None]
    large.log_gain.copy_(small.log_gain[nearest] + finer)
    large.log_inverse_gain.copy_(small.log_inverse_gain[nearest] - finer)
    large.shift.copy_(small.shift[nearest])
    return large


def grow(large: Transform, small: Transform) -> None:
    """Copy the layers of `small`; a residual block that it lacks becomes the identity."""
    layers = iter(small)
    following = next(layers)
    for layer in large:
        if isinstance(layer, ResidualBlock) and not isinstance(following, ResidualBlock):
            last = layer.body[-1]
            last.weight.zero_(), last.bias.zero_()
            continue
        layer.load_state_dict(following.state_dict(), strict=False)  # `small` may not be told the quality
        following = next(layers, None)
