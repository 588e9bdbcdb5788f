"""MotionGPT's single stage (papers.md 3.2 to 3.4): codes written in digits, the four conditions together, loss on all
of the text, a frozen base with LoRA on the queries and values.

Published: LLaMA-13B, batch 256, learning rate 3e-3 constant after 100 warm-up steps, about 586 steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import stage
from .examples import Mixture
from .items import Item
from .lora import MOTIONGPT, LoRA
from .tasks import Drawing

SHARES = {"text_to_motion": 0.25, "initial_pose": 0.25, "last_pose": 0.25, "key_poses": 0.25}
AS_PUBLISHED = Drawing(without_length=1.0, without_text=0.0, silent=0.0)


@dataclass
class MotionGPT(stage.Stage):
    """A run of MotionGPT."""

    lr: float = 3e-3
    schedule: str = "constant"
    warmup: float = 100
    weight_decay: float = 0.01
    lora: LoRA | None = MOTIONGPT
    prompts: str = "alpaca_digits"
    mixture: Mixture = field(
        default_factory=lambda: Mixture(SHARES, AS_PUBLISHED, replaced=(0.0, 0.0), whole_text=True)
    )


def train(config: MotionGPT, items: Sequence[Item], out: Path, val: Sequence[Item] = ()) -> bool:
    """As ``stage.train``."""
    return stage.train(config, items, out, val)
