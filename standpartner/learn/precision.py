"""Mixed precision on processors that have it."""

from contextlib import AbstractContextManager, nullcontext

import torch


def has_fast_bfloat16() -> bool:
    """Whether this processor computes with bfloat16 itself (otherwise it is slower than float32)."""
    return bool(torch.cpu._is_avx512_bf16_supported())


def precision(mode: str) -> AbstractContextManager:
    """Autocast to bfloat16 where that is faster, unless ``mode`` is "off"."""
    if mode == "auto" and has_fast_bfloat16():
        return torch.autocast("cpu", torch.bfloat16)
    return nullcontext()
