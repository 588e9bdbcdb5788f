"""Token rows and their targets, drawn from captioned codes task by task, and batches of them without end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch

from backend.systems.prompts import POSE_TASKS, Fields, Prompts, Speech

from .items import Item
from .mixture import TEXT_ONLY, Mixture
from .tasks import fields

IGNORED = -100
_TEXTS_KEPT = 2**16


@dataclass(frozen=True, eq=False)
class Example:
    """Inputs (n,) and targets (n,): the target of a place is the token that follows, or IGNORED. The first ``border``
    inputs are the prompt."""

    ids: np.ndarray
    targets: np.ndarray
    border: int


@dataclass(frozen=True, eq=False)
class Batch:
    """Rows padded on the right: ids and targets (B, L) int64, borders (B,)."""

    ids: torch.Tensor
    targets: torch.Tensor
    borders: torch.Tensor

    def to(self, device: torch.device) -> Batch:
        return Batch(self.ids.to(device), self.targets.to(device), self.borders.to(device))


class Examples:
    """Builds rows of at most ``longest`` tokens."""

    def __init__(self, prompts: Prompts, speech: Speech, mixture: Mixture, longest: int):
        self.prompts, self.mixture, self.longest = prompts, mixture, longest
        self.speech = replace(speech, encode=_remembered(speech.encode))

    def draw(self, task: str, item: Item, rng: np.random.Generator) -> Example:
        """One sample of ``task`` from ``item``."""
        variants = item.variants
        if task in (*POSE_TASKS, "fill"):  # poses are given as serving will encode them, where that is known
            variants = [variant for variant in variants if variant.keys is not None] or variants
        variant = variants[rng.integers(len(variants))]
        caption = item.captions[rng.integers(len(item.captions))]
        asked = fields(task, variant, caption, self.mixture.drawing, rng)
        wordings = len(self.prompts.instructions(task)) if self.mixture.paraphrased else 1
        return self.build(task, asked, rng, int(rng.integers(wordings)))

    def text(self, text: str) -> Example:
        """Plain text to be continued."""
        tokens = self.speech.text
        ids = [*([] if tokens.bos is None else [tokens.bos]), *self.speech.encode(self.prompts.clean(text)), tokens.eos]
        ids = np.array(ids[: self.longest + 1], np.int64)
        return Example(ids[:-1], ids[1:].copy(), 1)

    def build(self, task: str, asked: Fields, rng: np.random.Generator, wording: int = 0) -> Example:
        """The row of a prompt and its right answer; a caption for which there is no room loses its end."""
        answer = self.prompts.answer(task, asked, self.speech)
        prompt = self.prompts.prompt(task, asked, self.speech, wording)
        while len(prompt) + len(answer) > self.longest + 1:
            words = asked.caption.split()
            if not words:
                raise ValueError(
                    f"a sample of task {task!r} has {len(prompt) + len(answer)} tokens without its caption, "
                    f"the model reads {self.longest}: raise 'model.positions' or, on a base, take one that reads more, "
                    "or shorten the motions"
                )
            asked = replace(asked, caption=" ".join(words[: len(words) * 3 // 4]))
            answer = self.prompts.answer(task, asked, self.speech)
            prompt = self.prompts.prompt(task, asked, self.speech, wording)
        truth = np.array(prompt + answer, np.int64)
        inputs, targets = truth[:-1].copy(), truth[1:].copy()
        self._replace(inputs, len(prompt), rng)
        if not self.mixture.whole_text:
            targets[: len(prompt) - 1] = IGNORED
        return Example(inputs, targets, len(prompt))

    def _replace(self, inputs: np.ndarray, border: int, rng: np.random.Generator) -> None:
        """Some codes of the answer so far become others of their stream: at serving none of them is sure either."""
        answer = inputs[border:]
        chosen = rng.random(len(answer)) < rng.uniform(*self.mixture.replaced)
        for stream, _ in self.speech.vocabulary.streams:
            codes = self.speech.vocabulary.codes(stream)
            places = chosen & (answer >= codes.start) & (answer < codes.stop)
            answer[places] = rng.integers(codes.start, codes.stop, int(places.sum()))


def _remembered(encode: Callable[[str], Sequence[int]]) -> Callable[[str], list[int]]:
    kept = lru_cache(_TEXTS_KEPT)(lambda text: tuple(encode(text)))
    return lambda text: list(kept(text))


def batch(rows: Sequence[Example], pad: int) -> Batch:
    """Padding on the right needs no mask: no earlier token can see it."""
    longest = max(len(row.ids) for row in rows)
    ids, targets = np.full((len(rows), longest), pad, np.int64), np.full((len(rows), longest), IGNORED, np.int64)
    for i, row in enumerate(rows):
        ids[i, : len(row.ids)], targets[i, : len(row.ids)] = row.ids, row.targets
    return Batch(torch.from_numpy(ids), torch.from_numpy(targets), torch.tensor([row.border for row in rows]))


class Sampler:
    """Endless batches of about ``tokens`` tokens, rows of like length together. ``place`` says how far it is; a sampler
    made with it goes on with the same batches. Of ``world`` processes each takes every ``world``-th batch of the same
    pools. ``texts`` feeds the share of plain text; without it captions do."""

    def __init__(
        self,
        items: Sequence[Item],
        examples: Examples,
        tokens: int,
        seed: int,
        place: tuple[int, int] = (0, 0),
        rank: int = 0,
        world: int = 1,
        texts: Sequence[str] = (),
        pool: int = 1024,
    ):
        if not items:
            raise ValueError("there are no items to learn from")
        self._items, self._examples, self._tokens, self._seed = items, examples, tokens, seed
        self._rank, self._world, self._texts, self._pool = rank, world, texts, pool
        weights = np.array([item.weight for item in items], float)
        if not weights.sum() > 0:
            raise ValueError("all items have the weight 0: none of them would ever be drawn")
        self._chances = weights / weights.sum()
        shares = {task: share for task, share in examples.mixture.shares.items() if share > 0}
        self._tasks, self._shares = list(shares), np.array(list(shares.values())) / sum(shares.values())
        self.place = tuple(place)
        """number of the pool, batches of it already given out to each process"""
        self._batches = self._made()

    def next(self) -> Batch:
        return batch(self._taken(), self._examples.speech.text.pad)

    def step(self, parts: int) -> list[Batch]:
        """The micro-batches of a step."""
        return [self.next() for _ in range(parts)]

    def _taken(self) -> list:
        """What is next in the pool, or in the one after it."""
        pool, given = self.place
        if given == len(self._batches):
            self.place = pool, given = pool + 1, 0
            self._batches = self._made()
        self.place = pool, given + 1
        return self._batches[given]

    def _drawn(self, rng: np.random.Generator) -> list[Example]:
        """All samples of the pool."""
        chosen = rng.choice(len(self._items), self._pool, p=self._chances)
        tasks = rng.choice(len(self._tasks), self._pool, p=self._shares)
        return [self._row(self._tasks[t], self._items[i], rng) for t, i in zip(tasks, chosen, strict=True)]

    def _made(self) -> list[list[Example]]:
        """This process's batches of the pool."""
        rng = np.random.default_rng([self._seed, self.place[0]])
        rows = self._drawn(rng)
        rows.sort(key=lambda row: len(row.ids))
        batches: list[list[Example]] = [[]]
        for row in rows:
            if batches[-1] and (len(batches[-1]) + 1) * len(row.ids) > self._tokens:
                batches.append([])
            batches[-1].append(row)
        order = rng.permutation(len(batches))
        whole = len(order) // self._world * self._world or len(order)
        return [batches[k] for k in order[:whole][self._rank % len(order) :: self._world]]

    def _row(self, task: str, item: Item, rng: np.random.Generator) -> Example:
        if task != TEXT_ONLY:
            return self._examples.draw(task, item, rng)
        texts = self._texts or item.captions
        return self._examples.text(texts[rng.integers(len(texts))])
