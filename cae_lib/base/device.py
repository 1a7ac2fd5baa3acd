"""On what a training computes, and how precisely: asked once, in one place."""

import torch


def best_device() -> torch.device:
    """CUDA if there is one, else Apple's MPS, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def bf16_is_fast(device: torch.device) -> bool:
    """Whether a device computes faster in bfloat16 than in float32; others only emulate it, several times slower."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and getattr(torch.cpu, "_is_avx512_bf16_supported", bool)()


def precision(wanted_bf16: bool, device: torch.device, progress: bool) -> bool:
    """Whether a training computes in bfloat16: where it is wanted and fast. `progress`: says what was chosen."""
    bf16 = wanted_bf16 and bf16_is_fast(device)
    if progress:
        why = " (bfloat16 would be slower here)" if wanted_bf16 and not bf16 else ""
        print(f"training on {device.type} in {'bfloat16' if bf16 else 'float32'}{why}", flush=True)
    return bf16
