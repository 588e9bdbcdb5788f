"""Memory that does not suffice, in words: what of a run would need less of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from .config import LanguageTraining

_ON_CPU = "DefaultCPUAllocator"
"""in torch's RuntimeError for memory that the processor does not have"""


class OutOfMemory(RuntimeError):
    """A run's weights or batches do not fit; its last checkpoint is kept."""


@contextmanager
def in_memory(config: LanguageTraining, out: Path) -> Iterator[None]:
    """Around all that a run does: OutOfMemory says what would fit."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not isinstance(error, torch.OutOfMemoryError | MemoryError) and _ON_CPU not in str(error):
            raise
        raise OutOfMemory(_advice(config, out)) from error


def _advice(config: LanguageTraining, out: Path) -> str:
    smaller = f"'tokens' to {max(config.tokens // 2, 1)}"
    if not config.samples:  # which make micro-batches as they need
        smaller += f" and 'accumulation' to {2 * config.accumulation}, which leaves a step as it is"
    # adapters need no gradients and averages of a base's own weights
    lighter = "; train by 'lora' and not whole" if getattr(config, "base", None) and config.lora is None else ""
    shared = "" if config.sharded else "; share the weights among GPUs (--distributed fsdp)"
    return f"out of memory: set {smaller}{lighter}{shared}. {out} keeps the last checkpoint, if there was one"
