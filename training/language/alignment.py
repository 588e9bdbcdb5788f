"""Stage 2 of MotionGPT-2 (papers.md 4.1): motions and language are aligned, on pairs of both and on plain text.

The defaults are our own small run. The paper trains an 8-B base by LoRA for 100 epochs at batch 32 and a learning rate
of 2e-4, which ``recipes`` has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import stage
from .examples import TEXT_ONLY, Mixture
from .items import Item

SHARES = {
    "text_to_motion": 0.38, "initial_pose": 0.04, "last_pose": 0.04, "key_poses": 0.04, "describe": 0.10,
    "predict": 0.08, "fill": 0.12, TEXT_ONLY: 0.20,
}  # fmt: skip
"""most for text to motion, which is what serving is asked most. Plain text is the paper's 20-30 %; where no texts are
given it is the captions, which a base that knows more than motion must not be left with"""


@dataclass
class Alignment(stage.Stage):
    """A run of stage 2."""

    label_smoothing: float = 0.05
    mixture: Mixture = field(default_factory=lambda: Mixture(SHARES))


def train(
    config: Alignment, items: Sequence[Item], out: Path, val: Sequence[Item] = (), texts: Sequence[str] = ()
) -> bool:
    """As ``stage.train``."""
    return stage.train(config, items, out, val, texts)
