"""What our own base reads before MotionGPT's adapters come, in place of all that LLaMA has read: words (our captions),
numbers in rows (motion codes in digits) and the frame of the prompts. A caption never stands beside the codes of its
motion, so what ties the two together is learnt by the adapters alone.
"""

from __future__ import annotations

import numpy as np

from backend.systems.prompts import Fields
from training.language.examples import Example, Examples
from training.language.items import Item

SHARES = {"captions": 0.15, "codes": 0.6, "prompts": 0.25}
"""of the samples; most for the codes, which are the longest and the hardest"""


class PlainText(Examples):
    """What the base reads, by the names in ``SHARES``; all of it is to be continued."""

    def draw(self, kind: str, item: Item, rng: np.random.Generator) -> Example:
        if kind == "captions":
            return self.text(item.captions[rng.integers(len(item.captions))])
        return self._continued(self._codes(item, rng) if kind == "codes" else self._prompt(item, rng))

    def _codes(self, item: Item, rng: np.random.Generator) -> list[int]:
        (line,) = item.variants[rng.integers(len(item.variants))].codes.values()
        tokens = self.speech.text
        return [tokens.bos, *self.speech.spelled(",".join(map(str, line))), tokens.eos]

    def _prompt(self, item: Item, rng: np.random.Generator) -> list[int]:
        """Without an answer; its key poses are numbers that belong to no motion."""
        tasks, caption = list(self.prompts.tasks), item.captions[rng.integers(len(item.captions))]
        keys = rng.integers(0, 1000, rng.integers(1, 6)).tolist()
        return self.prompts.prompt(tasks[rng.integers(len(tasks))], Fields(caption, keys=keys), self.speech)

    def _continued(self, ids: list[int]) -> Example:
        line = np.array(ids[: self.longest + 1], np.int64)
        return Example(line[:-1], line[1:].copy(), 1)
