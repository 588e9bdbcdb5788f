"""The colours of all pictures, and the fixed palette of a GIF that follows from them."""

from __future__ import annotations

from itertools import product

from .body import CENTRE, LEFT, RIGHT

Ink = tuple[int, int, int]

PAPER: Ink = (255, 255, 255)
FLOOR: Ink = (241, 243, 246)
GRID: Ink = (213, 218, 225)
SHADOW: Ink = (198, 204, 212)
PATH: Ink = (150, 120, 200)
CONTACT: Ink = (28, 160, 85)
TEXT: Ink = (38, 43, 51)
FAINT: Ink = (112, 120, 132)
SIDES: dict[int, Ink] = {CENTRE: (82, 90, 102), LEFT: (31, 111, 196), RIGHT: (226, 102, 24)}

_STEPS = 4


def palette() -> list[Ink]:
    """Every colour and what anti-aliasing mixes of it with what lies behind: the same in every frame, so nothing
    flickers, and a frame that changes little costs little."""
    inks = [GRID, SHADOW, PATH, CONTACT, TEXT, FAINT, *SIDES.values()]
    mixed = {
        tuple(round(a + (b - a) * k / _STEPS) for a, b in zip(behind, ink))
        for behind, ink, k in product((PAPER, FLOOR), inks, range(_STEPS + 1))
    }
    return sorted(mixed)
