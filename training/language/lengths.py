"""Whether the samples of a run have room in its network, asked before it starts and not when one is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from backend.systems.vocabulary import MAX_CODES

from .examples import Examples
from .items import Item, Variant

ITEMS, DRAWN = 4, 12
"""of the longest, and how often each is drawn: a task leaves some of its length to chance"""


def check(examples: Examples, items: Sequence[Item]) -> None:
    """ValueError where samples have no room even when their captions are left out."""
    rng = np.random.default_rng(0)
    digits = examples.prompts.spelling == "digits"
    longest = sorted(items, key=lambda item: max(_length(variant, digits) for variant in item.variants))[-ITEMS:]
    for task in examples.mixture.tasks:
        for item in longest:
            for _ in range(DRAWN):
                examples.draw(task, replace(item, captions=[""]), rng)


def _length(variant: Variant, digits: bool) -> int:
    """About how many tokens its codes take, spelled in ``digits`` or not."""
    codes = [line[:MAX_CODES] for line in variant.codes.values()]
    return sum(len(",".join(map(str, line))) if digits else len(line) for line in codes)
