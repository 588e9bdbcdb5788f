"""Motion codes as tokens of their own: a block a stream, all of the same number of codes, with what the prompts put
before, between and after them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..prompts import Fields, Prompts, Speech
from ..vocabulary import Vocabulary

LENGTH = "length"
Step = str | int
"""of an answer: LENGTH, the name of a stream for its codes, or the id of a token that stands there"""
State = tuple[int, int, int]
"""which step, how many codes of it are there, how many there will be (0: not known yet)"""


def steps_of(prompts: Prompts, task: str, speech: Speech, length_given: bool) -> tuple[Step, ...]:
    """How an answer to ``task`` goes, read off an answer of one code; ``length_given``: the prompt says its length.
    ValueError for a template that needs a stream that the vocabulary has not."""
    vocabulary = speech.vocabulary
    codes = {stream: np.zeros(1, int) for stream, _ in vocabulary.streams}
    try:
        ids = prompts.answer(task, Fields(codes=codes, length=1 if length_given else None), speech)
    except KeyError as error:
        raise ValueError(f"task {task!r} answers with {error} codes, there are {', '.join(codes)}") from error
    known = {vocabulary.codes(stream).start: stream for stream in codes}
    lengths = vocabulary.lengths_slice
    return tuple(LENGTH if lengths.start <= i < lengths.stop else known.get(i, i) for i in ids)


class Blocks:
    """``lengths``: fewest and most codes of a block, equal where the length is fixed; without a LENGTH among ``steps``
    the token behind the first block ends it. ``forced``: place -> code, of the first block."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        steps: tuple[Step, ...],
        lengths: tuple[int, int],
        forced: Mapping[int, int] | None = None,
    ):
        low, high = lengths
        if not 1 <= low <= high or (LENGTH in steps and high > vocabulary.lengths):
            raise ValueError(f"blocks have 1 to {vocabulary.lengths or 'any number of'} codes, got {low} to {high}")
        self._steps, self._low, self._high, self._forced = steps, low, high, dict(forced or {})
        self._first = next(i for i, step in enumerate(steps) if isinstance(step, str) and step != LENGTH)
        # what stands behind the last block is the same in every answer: nobody needs to draw it
        self._end = 1 + max(i for i, step in enumerate(steps) if isinstance(step, str))
        self._at, parts, count = {}, [], 0
        for step in dict.fromkeys(steps):
            ids = self._ids(vocabulary, step)
            self._at[step] = slice(count, count + len(ids))
            parts.append(ids)
            count += len(ids)
        self.tokens = np.concatenate(parts)
        self.most = self.left(self.begin())
        self._masks: dict[object, np.ndarray] = {}

    @staticmethod
    def _ids(vocabulary: Vocabulary, step: Step) -> np.ndarray:
        if not isinstance(step, str):
            return np.array([step])
        block = vocabulary.lengths_slice if step == LENGTH else vocabulary.codes(step)
        return np.arange(block.start, block.stop)

    def begin(self) -> State:
        fixed = self._low == self._high and LENGTH not in self._steps
        return 0, 0, self._low if fixed else 0

    def allowed(self, state: State) -> np.ndarray:
        step, done, count = state
        what, at = self._steps[step], self._at[self._steps[step]]
        if what == LENGTH:
            return self._mask(LENGTH, range(at.start + self._low - 1, at.start + self._high))
        if not isinstance(what, str):
            return self._mask(step, [at.start])
        if step == self._first and done in self._forced:
            code = at.start + self._forced[done]
            return self._mask((LENGTH, code), [code])
        if count or done < self._low:
            return self._mask(what, range(at.start, at.stop))
        return self._mask((what, step), [*range(at.start, at.stop), self._at[self._steps[step + 1]].start])

    def _mask(self, key, indices) -> np.ndarray:
        if key not in self._masks:
            self._masks[key] = np.zeros(len(self.tokens), bool)
            self._masks[key][list(indices)] = True
        return self._masks[key]

    def after(self, state: State, index: int) -> State | None:
        step, done, count = state
        what, at = self._steps[step], self._at[self._steps[step]]
        if what == LENGTH:
            return self._reached(step + 1, index - at.start + 1)
        if not isinstance(what, str):
            return self._reached(step + 1, count)
        if not at.start <= index < at.stop:  # the token behind the block: it is as long as it is now
            return self._reached(step + 2, done)
        done += 1
        if done == (count or self._high):
            return self._reached(step + 1, done)
        return step, done, count

    def _reached(self, step: int, count: int) -> State | None:
        return (step, 0, count) if step < self._end else None

    def left(self, state: State) -> int:
        step, done, count = state
        rest = self._steps[step : self._end]
        blocks = sum(isinstance(what, str) and what != LENGTH for what in rest)
        return len(rest) - blocks + blocks * (count or self._high) - done

    def read(self, indices: list[int]) -> dict[str, np.ndarray]:
        """Stream -> its codes."""
        drawn = np.array(indices, dtype=np.int64)
        blocks = {step: self._at[step] for step in self._steps if isinstance(step, str) and step != LENGTH}
        return {name: drawn[(drawn >= at.start) & (drawn < at.stop)] - at.start for name, at in blocks.items()}
