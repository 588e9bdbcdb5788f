"""The one committed division of the data, used by every model, evaluator and shipped weight.

* ``test_subjects``: subjects 08, 02 and 49 whole
* ``test_trials``: 10 % of the remaining (subject x label) groups, with all their mirrors, crops and concatenations
* ``val``: 5 % of them, the only set anything may be chosen on
* ``train``: the rest
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .clip import Clip

FILE = Path(__file__).with_name("splits.json")
NAMES = ("train", "val", "test_trials", "test_subjects")
HELD_OUT_SUBJECTS = ("08", "02", "49")
SALT = "posewright-143:"


@dataclass(frozen=True)
class Splits:
    groups: dict[str, str]  # "subject/label" -> split

    def of(self, clip: Clip) -> str:
        """Split of a clip; a group that the committed file does not know is an error, never silently training data."""
        if clip.group not in self.groups:
            raise ValueError(
                f"{clip.id}: group {clip.group!r} is not in {FILE.name}; the committed splits are the only ones"
            )
        return self.groups[clip.group]


def load(path: Path = FILE) -> Splits:
    return Splits(json.loads(path.read_text(encoding="utf-8"))["groups"])


def divide(clips: Iterable[Clip]) -> dict[str, str]:
    """The rule behind the committed file: groups in the order of a salted hash, a tenth and a twentieth cut off.

    The salt was chosen once, before any model was trained, such that the only long crouching, running, jumping and
    turning takes (O3DE) are there to train on and the held-out parts also come to about 10 % and 5 % of the seconds.

    Takes without a description (salsa, indian) form one group a set, so that partners of one dance stay together.
    """
    groups = sorted({c.group for c in clips}, key=lambda g: hashlib.sha256((SALT + g).encode()).hexdigest())
    held = {g for g in groups if g.split("/", 1)[0] in HELD_OUT_SUBJECTS}
    free = [g for g in groups if g not in held]
    trials, val = round(len(free) * 0.10), round(len(free) * 0.05)
    table = dict.fromkeys(free[:trials], "test_trials")
    table |= dict.fromkeys(free[trials : trials + val], "val")
    table |= dict.fromkeys(free[trials + val :], "train")
    table |= dict.fromkeys(held, "test_subjects")
    return dict(sorted(table.items()))
