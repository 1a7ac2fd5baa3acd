"""The report's two autoencoders and the small classifier of notebook 01.

Every autoencoder takes images of shape (N, 3, H, W), H and W even, in its own ``config.pixel_range``
and offers ``encode`` (image -> code), ``decode`` (code -> image) and ``forward`` (both).
"""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from cae_lib.base.errors import UsageError

ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "none": nn.Identity}


@dataclass(frozen=True)
class ModelConfig:
    """What has to be known to build a model again.

    pixel_range is the interval that images are scaled to before they enter the model:
    (-1, 1) as in the report's model1, or (0, 1) as in its model2.
    """

    name: str
    code_channels: int
    code_activation: str
    output_activation: str
    pixel_range: tuple[float, float]

    def as_dict(self) -> dict:
        """For JSON."""
        return asdict(self) | {"pixel_range": list(self.pixel_range)}


MODEL1 = ModelConfig("model1", 2, "relu", "relu", (-1.0, 1.0))
MODEL1_REPAIRED = ModelConfig("model1", 2, "relu", "sigmoid", (0.0, 1.0))
MODEL2 = ModelConfig("model2", 64, "relu", "sigmoid", (0.0, 1.0))
CLASSIFIER = ModelConfig("classifier", 0, "none", "none", (-1.0, 1.0))


class Autoencoder(nn.Module):
    """An encoder, a decoder, and the path through both."""

    encoder: nn.Sequential
    decoder: nn.Sequential

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.config = config

    @property
    def code_shape(self) -> tuple[int, int, int]:
        """Shape of the code of one 32 x 32 image: (channels, height, width)."""
        return (self.config.code_channels, 16, 16)

    def encode(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) in pixel_range -> code (N, C, H/2, W/2)."""
        return self.encoder(images)

    def decode(self, code: Tensor) -> Tensor:
        """Code (N, C, H/2, W/2) -> images (N, 3, H, W) in pixel_range."""
        return self.decoder(code)

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) -> reconstructions of the same shape."""
        return self.decode(self.encode(images))


class Model1(Autoencoder):
    """The report's `mySmallAE`: three convolutions and a pool to a code of 2 x 16 x 16 numbers.

    ::

        image            3 x 32 x 32
          | conv 3x3, ReLU
                        32 x 32 x 32
          | conv 3x3, ReLU
                        16 x 32 x 32
          | conv 3x3, ReLU, max-pool 2x2
        code             2 x 16 x 16   =  512 numbers
          | transposed conv 2x2 stride 2, ReLU
                        16 x 32 x 32
          | conv 3x3, ReLU
                        32 x 32 x 32
          | conv 3x3, ReLU             <- the report's output: it cannot be negative
        reconstruction   3 x 32 x 32

    11,461 parameters and 11,534,336 multiply-adds an image as in the report. Source: the appendix
    of *Image Compression using Convolutional Networks* (2023).
    """

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        c = config.code_channels
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 32, 3, padding=1),
            nn.ReLU(),  # 32 x 32 x 32
            nn.Conv2d(32, 16, 3, padding=1),
            nn.ReLU(),  # 16 x 32 x 32
            nn.Conv2d(16, c, 3, padding=1),
            ACTIVATIONS[config.code_activation](),  # C x 32 x 32
            nn.MaxPool2d(2),  # C x 16 x 16
        )
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(c, 16, 2, stride=2),
            nn.ReLU(),  # 16 x 32 x 32
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),  # 32 x 32 x 32
            nn.Conv2d(32, 3, 3, padding=1),
            ACTIVATIONS[config.output_activation](),  # 3 x 32 x 32
        )


class Model2(Autoencoder):
    """The report's second model (from a Chainer example): three convolutions, a wide code.

    ::

        image            3 x 32 x 32
          | conv 3x3, ReLU, max-pool 2x2
                        32 x 16 x 16
          | conv 3x3, ReLU
        code            64 x 16 x 16   =  16,384 numbers
          | unpool: each value repeated 2x2
                        64 x 32 x 32
          | conv 3x3, sigmoid
        reconstruction   3 x 32 x 32

    21,123 parameters and 7,372,800 multiply-adds an image as in the report. Weights start as in
    Chainer: LeCunNormal, that is a normal distribution with std = sqrt(1 / fan_in), biases zero.
    """

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        c = config.code_channels
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 32, 3, padding=1),
            nn.ReLU(),  # 32 x 32 x 32
            nn.MaxPool2d(2),  # 32 x 16 x 16
            nn.Conv2d(32, c, 3, padding=1),
            ACTIVATIONS[config.code_activation](),  # C x 16 x 16
        )
        self.decoder = nn.Sequential(
            nn.Upsample(scale_factor=2, mode="nearest"),  # C x 32 x 32
            nn.Conv2d(c, 3, 3, padding=1),
            ACTIVATIONS[config.output_activation](),  # 3 x 32 x 32
        )
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                fan_in = layer.weight[0].numel()
                nn.init.normal_(layer.weight, std=fan_in**-0.5)
                nn.init.zeros_(layer.bias)


class Classifier(nn.Module):
    """The small CNN of notebook 01: two convolutions with pooling, two fully connected layers.

    ::

        image   3 x 32 x 32
          | conv 3x3, ReLU, max-pool 2x2
               16 x 16 x 16
          | conv 3x3, ReLU, max-pool 2x2
               32 x  8 x  8  =  2,048 numbers
          | fully connected, ReLU
               64
          | fully connected
        scores 10, one a class
    """

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.config = config
        self.features = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1),
            nn.ReLU(),  # 16 x 32 x 32
            nn.MaxPool2d(2),  # 16 x 16 x 16
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),  # 32 x 16 x 16
            nn.MaxPool2d(2),  # 32 x 8 x 8
        )
        self.head = nn.Sequential(
            nn.Flatten(),  # 2048
            nn.Linear(32 * 8 * 8, 64),
            nn.ReLU(),  # 64
            nn.Linear(64, 10),  # 10
        )

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, 32, 32) in pixel_range -> class scores (N, 10)."""
        return self.head(self.features(images))


def build(config: ModelConfig, seed: int = 0) -> nn.Module:
    """The model that a config describes, with fresh weights drawn from a seed.

    Raises UsageError for a name that no model or activation has.
    """
    models = {"model1": Model1, "model2": Model2, "classifier": Classifier}
    if config.name not in models:
        raise UsageError(f"No model is called {config.name!r}; choose one of {', '.join(models)}.")
    for activation in (config.code_activation, config.output_activation):
        if activation not in ACTIVATIONS:
            raise UsageError(f"No activation is called {activation!r}; choose one of {', '.join(ACTIVATIONS)}.")
    with torch.random.fork_rng(devices=[]):  # weights are drawn on the CPU
        torch.manual_seed(seed)
        return models[config.name](config)
