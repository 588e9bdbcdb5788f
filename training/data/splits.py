"""The one committed division of our own sources, used by every model, evaluator and shipped weight.

* ``test_subjects``: subjects 08, 02 and 49 whole
* ``test_trials``: 10 % of the remaining (subject x label) groups, with all their mirrors, crops and concatenations
* ``val``: 5 % of them, the only set anything may be chosen on
* ``train``: the rest

Public sets keep the division that they were published with. What is in neither (trials of the full CMU database, AMASS,
a folder of one's own) is divided group by group with the same shares.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .clip import Clip, group
from .index import Record
from .sources.take import Take

FILE = Path(__file__).with_name("splits.json")
NAMES = ("train", "val", "test_trials", "test_subjects")
HELD_OUT_SUBJECTS = ("08", "02", "49")
TEST_SHARE, VAL_SHARE = 0.10, 0.05
SALT = "posewright-143:"


@dataclass(frozen=True)
class Splits:
    groups: dict[str, str]  # "subject/label" -> split

    def of(self, clip: Clip | Take) -> str:
        """The split of a clip or take: its source's own, else the committed one of its group, else by the group's hash
        alone, so that it never depends on what else is there."""
        if clip.split is not None:
            return clip.split
        its_group = group(clip.subject, clip.label)
        committed = self._plain.get(_plain(its_group))
        if committed is not None:
            return committed
        if clip.source == "cmu" and clip.subject in HELD_OUT_SUBJECTS:
            return "test_subjects"
        share = int.from_bytes(_hash(_unnumbered(its_group)), "big") / 2**256
        return "test_trials" if share < TEST_SHARE else "val" if share < TEST_SHARE + VAL_SHARE else "train"

    @cached_property
    def _plain(self) -> dict[str, str]:
        return {_plain(known): split for known, split in self.groups.items()}


def _plain(text: str) -> str:
    """Another index of the same database writes other blanks and capitals: a held-out label is known under both."""
    return " ".join(text.casefold().split())


def _unnumbered(text: str) -> str:
    """Takes of one action ("kick 03", "kick 04") stay together."""
    return re.sub(r"[ _.-]*\d+$", "", _plain(text))


def _hash(text: str) -> bytes:
    return hashlib.sha256((SALT + text).encode()).digest()


def load(path: Path = FILE) -> Splits:
    return Splits(json.loads(path.read_text(encoding="utf-8"))["groups"])


def divide(clips: Iterable[Clip | Record]) -> dict[str, str]:
    """The rule behind the committed file: groups in the order of a salted hash, a tenth and a twentieth cut off.

    The salt was chosen once, before any model was trained, such that the only long crouching, running, jumping and
    turning takes (O3DE) are there to train on and the held-out parts also come to about 10 % and 5 % of the seconds.

    Takes without a description (salsa, indian) form one group a set, so that partners of one dance stay together.
    """
    groups = sorted({group(clip.subject, clip.label) for clip in clips}, key=_hash)
    held = {g for g in groups if g.split("/", 1)[0] in HELD_OUT_SUBJECTS}
    free = [g for g in groups if g not in held]
    trials, val = round(len(free) * TEST_SHARE), round(len(free) * VAL_SHARE)
    table = dict.fromkeys(free[:trials], "test_trials")
    table |= dict.fromkeys(free[trials : trials + val], "val")
    table |= dict.fromkeys(free[trials + val :], "train")
    table |= dict.fromkeys(held, "test_subjects")
    return dict(sorted(table.items()))
