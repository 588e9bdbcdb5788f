"""Which number format a run computes in: bfloat16 where the hardware multiplies it, float32 elsewhere.

On a processor without AMX or AVX512-BF16, bfloat16 is emulated: a step of the tokenizer then takes 2.5 times as long.
"""

from __future__ import annotations

import torch

PRECISIONS = ("auto", "bf16", "fp32")
_CPU_FEATURES = ("amx_bf16", "avx512_bf16")


def bfloat16(precision: str, device: torch.device) -> bool:
    """Whether a run of this setting autocasts to bfloat16 on the device."""
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    found = torch.cpu.get_capabilities()
    return any(found.get(name, False) for name in _CPU_FEATURES)
