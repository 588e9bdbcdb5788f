"""A source of made motions of body and hands: a module without torch, so that worker processes import it quickly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from training.data import made_hands
from training.data.sources.take import Item, Take, Terms


@dataclass(frozen=True)
class Hands:
    """Three clips to train on, one to measure."""

    folder: Path
    name: str = "hands"
    together: int = 64
    terms = Terms("Made hands", "nowhere", "CC0")

    def items(self) -> Iterator[Item]:
        for number in range(4):
            yield Item(f"clip_{number}", ())

    def beside(self) -> tuple[Path, ...]:
        return ()

    def read(self, item: Item) -> Iterator[Take]:
        number = int(item.id[-1])
        split = "train" if number < 3 else "val"
        yield Take(item.id, self.name, "s1", item.id, made_hands.motion(number, frames=61), split=split)
