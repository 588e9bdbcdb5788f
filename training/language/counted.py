"""Steps of a number of samples, where a paper says how many: the same however many processes share them."""

from __future__ import annotations

import numpy as np

from .examples import Batch, Example, Sampler, batch


def check(samples: int, processes: int) -> None:
    """ValueError where the processes cannot have a like share each."""
    if samples % processes:
        raise ValueError(
            f"{samples} samples a step ('samples') cannot be shared by {processes} processes: "
            "start a number with --processes that divides them"
        )


class Counted(Sampler):
    """A ``Sampler`` whose steps have ``samples`` samples, all processes together. Its place counts steps, and its pools
    hold whole steps. Micro-batches hold at most ``tokens`` tokens, or a single row, and are equally many in each
    process: sharded weights are gathered once for each of them."""

    def __init__(self, samples: int, *arguments, pool: int = 1024, **options):
        self._samples = samples
        super().__init__(*arguments, pool=samples * max(1, pool // samples), **options)
        check(samples, self._world)

    def step(self, parts: int) -> list[Batch]:
        """The micro-batches of a step, however many ``parts`` other samplers would make of it."""
        return [batch(rows, self._examples.speech.text.pad) for rows in self._taken()]

    def _made(self) -> list[list[list[Example]]]:
        """This process's micro-batches of each step."""
        rows = self._drawn(np.random.default_rng([self._seed, self.place[0]]))
        return [self._shared(rows[i : i + self._samples]) for i in range(0, len(rows), self._samples)]

    def _shared(self, rows: list[Example]) -> list[list[Example]]:
        rows = sorted(rows, key=lambda row: len(row.ids))
        shares = [rows[rank :: self._world] for rank in range(self._world)]
        most = len(shares[0])
        parts = next(n for n in range(1, most + 1) if n == most or all(self._fit(share, n) for share in shares))
        return _split(shares[self._rank], parts)

    def _fit(self, rows: list[Example], parts: int) -> bool:
        return all(len(some) * len(some[-1].ids) <= self._tokens for some in _split(rows, parts))


def _split(rows: list[Example], parts: int) -> list[list[Example]]:
    """In their order, in parts of equal size or one more."""
    bounds = [len(rows) * i // parts for i in range(parts + 1)]
    return [rows[low:high] for low, high in zip(bounds, bounds[1:], strict=False)]
