"""Which of several takes fits the prompt best, by measured facts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..motion.facts import measure
from ..motion.floor import foot_slide
from ..motion.intent import score
from ..motion.motion import Motion
from ..protocol import ProgressCall
from .telling import told

_SLIDES = (6.0, 25.0)  # mm a frame at 30 fps from which, and at which fully, a slide counts against a take
_SLIDE_COSTS = 0.3
Judged = tuple[float, list[str]]
"""score, higher is better, and what it is made of"""


def on_firm_feet(motion: Motion, value: float, reasons: list[str]) -> Judged:
    """The score of a take, lowered for feet that skate: what was asked for, gliding, is not what was asked for."""
    slide = foot_slide(motion) or 0.0
    low, high = _SLIDES
    cost = _SLIDE_COSTS * min(max((slide - low) / (high - low), 0.0), 1.0)
    return (max(value - cost, 0.0), [*reasons, "feet slide"]) if cost > 0.05 else (value, reasons)


def judge(motions: Sequence[Motion], wanted: dict, tell: ProgressCall) -> list[Judged]:
    """Of each take; ``wanted``: ``intent.slots_of`` the prompt."""
    judged = [score(measure(m), wanted) for m in told(motions, tell, "Choosing", 0.9, 0.95)]
    return [on_firm_feet(m, *j) for m, j in zip(motions, judged)]


def choose(judged: Sequence[Judged], wanted: dict) -> tuple[int, str]:
    """The index of the best take, and why that one; ``wanted`` as for ``judge``."""
    best = int(np.argmax([value for value, _ in judged]))
    what = "; ".join(judged[best][1]).replace("_", " ") or "nothing in the prompt could be measured"
    if len(judged) == 1 or len({value for value, _ in judged}) == 1:
        return best, what
    if not wanted["actions"]:
        return best, "no word of the prompt can be measured; its feet are among those that slide least"
    return best, f"fits the prompt best: {what}"
