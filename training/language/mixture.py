"""What a stage learns from, and what is done to it on the way."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from training.bounds import check

from .tasks import Drawing

TEXT_ONLY = "text_only"


@dataclass(frozen=True)
class Mixture:
    """What a stage learns from. Shares are of the samples and need not add up to 1."""

    shares: Mapping[str, float] = field(default_factory=lambda: {"text_to_motion": 1.0})
    """task -> share; ``text_only`` is plain text, next token by next token"""
    drawing: Drawing = Drawing()
    replaced: tuple[float, float] = (0.1, 0.5)
    """range from which each sample's share of replaced input codes is drawn; targets stay true (T2M-GPT)"""
    whole_text: bool = False
    """MotionGPT's loss on all of the text; else on the answer alone"""
    paraphrased: bool = False
    """ask in all wordings of a task (stage 3); else in the first alone"""

    def __post_init__(self):
        for task, share in self.shares.items():
            check(f"shares.{task}", share)
        if not sum(self.shares.values()) > 0:
            raise ValueError(f"'shares' must add up to more than 0, got {dict(self.shares)}")
        for name in ("without_length", "without_text", "silent"):
            check(f"drawing.{name}", getattr(self.drawing, name), high=1)
        for name, (low, high), least, most in (
            ("drawing.poses", self.drawing.poses, 1, math.inf),
            ("replaced", self.replaced, 0, 1),
        ):
            check(f"{name}[0]", low, least, most)
            check(f"{name}[1]", high, low, most)

    @property
    def tasks(self) -> tuple[str, ...]:
        return tuple(task for task, share in self.shares.items() if share > 0 and task != TEXT_ONLY)
