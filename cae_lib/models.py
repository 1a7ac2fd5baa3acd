"""The report's two autoencoders and the small classifier of notebook 01; and what the kit asks of any model.

`Model1()` and `Model2()` are the report's networks; keyword arguments make their variants. Any other nn.Module will do
everywhere if it has

    encode(images)   float images (N, 3, H, W) -> code, (N, C, h, w) or (N, numbers)
    decode(code)     code -> images of the same shape as before
    pixel_range      the interval that images are scaled to before they enter it; (0, 1) where it says nothing

To find a model of its own again by name, in a folder or a file, add its class to MODELS: MODELS["MyNet"] = MyNet.
"""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from cae_lib.base.errors import UsageError

ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "none": nn.Identity}


class Autoencoder(nn.Module):
    """An encoder, a decoder, and the path through both."""

    def encode(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) in pixel_range, H and W even -> code (N, C, H/2, W/2)."""
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

    def __init__(self, code_channels=2, code_activation="relu", output_activation="relu", pixel_range=(-1.0, 1.0)):
        super().__init__()
        c, self.pixel_range = code_channels, pixel_range
        self.config = ModelConfig("model1", code_channels, code_activation, output_activation, pixel_range)
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 32, 3, padding=1),
            nn.ReLU(),  # 32 x 32 x 32
            nn.Conv2d(32, 16, 3, padding=1),
            nn.ReLU(),  # 16 x 32 x 32
            nn.Conv2d(16, c, 3, padding=1),
            activation(code_activation),  # C x 32 x 32
            nn.MaxPool2d(2),  # C x 16 x 16
        )
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(c, 16, 2, stride=2),
            nn.ReLU(),  # 16 x 32 x 32
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),  # 32 x 32 x 32
            nn.Conv2d(32, 3, 3, padding=1),
            activation(output_activation),  # 3 x 32 x 32
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

    def __init__(self, code_channels=64, code_activation="relu", output_activation="sigmoid", pixel_range=(0.0, 1.0)):
        super().__init__()
        c, self.pixel_range = code_channels, pixel_range
        self.config = ModelConfig("model2", code_channels, code_activation, output_activation, pixel_range)
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 32, 3, padding=1),
            nn.ReLU(),  # 32 x 32 x 32
            nn.MaxPool2d(2),  # 32 x 16 x 16
            nn.Conv2d(32, c, 3, padding=1),
            activation(code_activation),  # C x 16 x 16
        )
        self.decoder = nn.Sequential(
            nn.Upsample(scale_factor=2, mode="nearest"),  # C x 32 x 32
            nn.Conv2d(c, 3, 3, padding=1),
            activation(output_activation),  # 3 x 32 x 32
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

    pixel_range = (-1.0, 1.0)

    def __init__(self):
        super().__init__()
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


def is_autoencoder(model: nn.Module | type[nn.Module]) -> bool:
    """Whether a model, or a class of models, offers encode and decode."""
    return hasattr(model, "encode") and hasattr(model, "decode")


def range_of(model: nn.Module) -> tuple[float, float]:
    """The interval that images are scaled to before they enter a model."""
    return getattr(model, "pixel_range", (0.0, 1.0))


def through(model: nn.Module, images: Tensor) -> Tensor:
    """Images (N, 3, H, W) in the model's range -> reconstructions, or what a model that is no autoencoder returns."""
    return model.decode(model.encode(images)) if is_autoencoder(model) else model(images)


@torch.no_grad()
def code_shape(model: nn.Module, height: int = 32, width: int = 32) -> tuple[int, ...]:
    """Shape of the code of one image, asked of the model: (channels, height, width), or (numbers,).

    Raises UsageError for a model without encode and decode.
    """
    if not is_autoencoder(model):
        raise UsageError(f"{type(model).__name__} has no code: an autoencoder offers encode and decode.")
    was_training, images = model.training, torch.zeros(1, 3, height, width).to(next(model.parameters()))
    shape = model.eval().encode(images).shape[1:]
    model.train(was_training)
    return tuple(shape)


def activation(name: str) -> nn.Module:
    if name not in ACTIVATIONS:
        raise UsageError(f"No activation is called {name!r}; choose one of {', '.join(ACTIVATIONS)}.")
    return ACTIVATIONS[name]()


# Name -> class: what a stored run or codec is built from. A notebook may add its own.
MODELS: dict[str, type[nn.Module]] = {"model1": Model1, "model2": Model2, "classifier": Classifier}


@dataclass(frozen=True)
class ModelConfig:
    """A variant of model1 or model2 with a name: what has to be known to build it again."""

    name: str
    code_channels: int
    code_activation: str
    output_activation: str
    pixel_range: tuple[float, float]


MODEL1 = ModelConfig("model1", 2, "relu", "relu", (-1.0, 1.0))
MODEL1_REPAIRED = ModelConfig("model1", 2, "relu", "sigmoid", (0.0, 1.0))
MODEL2 = ModelConfig("model2", 64, "relu", "sigmoid", (0.0, 1.0))


def build(model: ModelConfig | type[nn.Module], seed: int = 0) -> nn.Module:
    """The model of a config, or of a class that needs no arguments, with fresh weights drawn from a seed."""
    with torch.random.fork_rng(devices=[]):  # weights are drawn on the CPU
        torch.manual_seed(seed)
        return from_record(as_record(model)) if isinstance(model, ModelConfig) else model()


def as_record(model: ModelConfig | type[nn.Module] | nn.Module) -> dict:
    """What is stored of a model besides its weights: a dictionary for JSON, with its name and a config's options."""
    model = getattr(model, "config", type(model)) if isinstance(model, nn.Module) else model
    if isinstance(model, ModelConfig):
        return asdict(model) | {"pixel_range": list(model.pixel_range)}
    return {"name": model.__name__}


def from_record(record: dict, model: type[nn.Module] | None = None) -> nn.Module:
    """The model that a record describes, with fresh weights; `model`: its class, where MODELS does not know it.

    Raises UsageError for a name that is not in MODELS.
    """
    name = record["name"]
    options = {key: tuple(value) if key == "pixel_range" else value for key, value in record.items() if key != "name"}
    if model is None and name not in MODELS:
        raise UsageError(
            f"No model is called {name!r}; there are {', '.join(MODELS)}. For a class of your own: "
            f"cae_lib.models.MODELS[{name!r}] = {name}."
        )
    return (model or MODELS[name])(**options)
