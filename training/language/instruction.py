"""Stage 3 of MotionGPT-2 (papers.md 4.1): the aligned model learns to follow instructions in several wordings, task by
task. It starts from a run of stage 2, whose words and prompts it keeps.

The paper trains 50 epochs at batch 32 and half of stage 2's learning rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import stage
from .examples import Mixture
from .items import Item

SHARES = {
    "text_to_motion": 0.30, "initial_pose": 0.08, "last_pose": 0.08, "key_poses": 0.08, "describe": 0.16,
    "predict": 0.12, "fill": 0.18,
}  # fmt: skip


@dataclass
class Instruction(stage.Stage):
    """A run of stage 3."""

    lr: float = 5e-4
    mixture: Mixture = field(default_factory=lambda: Mixture(SHARES, paraphrased=True))


def train(
    config: Instruction, items: Sequence[Item], out: Path, val: Sequence[Item] = (), start: Path | None = None
) -> bool:
    """As ``stage.train``; ``start`` is the folder of the run of stage 2, or its ``best/``."""
    return stage.train(config, items, out, val, start=start)
