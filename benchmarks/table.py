"""Results as a table for people and as JSON for programs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from .machine import Machine


@dataclass(frozen=True)
class Row:
    """``value`` in ``unit``; ``wanted`` is the most that the project asks for, in units of ``AT_LEAST`` the least."""

    what: str
    value: float
    unit: str = "s"
    wanted: float | None = None
    note: str = ""

    @property
    def shown(self) -> str:
        return quantity(self.value, self.unit)


@dataclass(frozen=True)
class Compared:
    """The same quantity of several ways: ``samples`` holds for each what its rounds gave, none for what it has not.

    ``wanted`` as of ``Row``; it is asked of the first way.
    """

    what: str
    samples: Mapping[str, Sequence[float]]
    unit: str = "s"
    wanted: float | None = None

    def shown(self, way: str) -> str:
        found = self.samples.get(way)
        return quantity(median(found), self.unit) if found else ""

    def ratio(self, slow: str, fast: str) -> str:
        """How many times more one way takes, every round compared with itself; nothing for what is no amount."""
        pairs = list(zip(self.samples.get(slow, ()), self.samples.get(fast, ())))
        if self.unit not in AMOUNTS or not pairs or not all(b for _, b in pairs):
            return ""
        return quantity(median(a / b for a, b in pairs), "x")

    def spread(self) -> str:
        """From where to where the rounds lie; nothing where there was one round."""
        found = {way: s for way, s in self.samples.items() if len(s) > 1}
        return ", ".join(f"{way} {min(s):.3g} to {max(s):.3g} (of {len(s)})" for way, s in found.items())


AMOUNTS = ("s", "MB", "MiB")
"""units of which a ratio means something"""
AT_LEAST = ("x", "frames/s", "tokens/s")
"""units of which more is better"""


def quantity(value: float, unit: str) -> str:
    """A number with as many digits as can be believed."""
    if unit == "threads":
        return f"{value:.0f}"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 3 if unit == "s" and abs(value) < 0.1 else 2
    return f"{value:.{digits}f} {unit}"


def limit(row: Row | Compared) -> str:
    """What is asked of a row; empty where nothing is."""
    if row.wanted is None:
        return ""
    return f"{'>=' if row.unit in AT_LEAST else '<='} {row.wanted:g} {row.unit}"


def ratio_row(what: str, ratios: Sequence[float]) -> Row:
    """The median of the rounds' own ratios, and how far they lie apart."""
    return Row(what, median(ratios), "x", note=f"median of {len(ratios)}, {min(ratios):.3g} to {max(ratios):.3g}")


def show(title: str, machine: Machine, rows: Sequence[Row]) -> None:
    """Print the rows as a Markdown table under the machine's line."""
    _show_machine(title, machine)
    print("\n| what | wanted | measured | |\n|---|---|---|---|")
    for row in rows:
        print(f"| {row.what} | {limit(row)} | {row.shown} | {row.note} |")


def show_compared(title: str, machine: Machine, rows: Sequence[Compared], ways: Sequence[str]) -> None:
    """Print the ways as columns of one Markdown table, then how far the rounds lie apart."""
    _show_machine(title, machine)
    fast, *slower = ways
    heads = ["what", "wanted", *ways, *(f"{slow} : {fast}" for slow in slower)]
    print("\n| " + " | ".join(heads) + " |\n" + "|---" * len(heads) + "|")
    for row in rows:
        cells = [row.what, limit(row), *(row.shown(way) for way in ways), *(row.ratio(slow, fast) for slow in slower)]
        print("| " + " | ".join(cells) + " |")
    print("\nSpread")
    for row in rows:
        if row.spread():
            print(f"  {row.what}: {row.spread()}")


def _show_machine(title: str, machine: Machine) -> None:
    print(f"{title}\n{machine}")
    if not machine.idle:
        print("NOT IDLE: absolute numbers say little, only the ratios count.")


def save(path: Path, title: str, machine: Machine, rows: Sequence[Row | Compared]) -> None:
    """The same as JSON."""
    found = {"benchmark": title, "machine": machine.to_dict(), "rows": [asdict(row) for row in rows]}
    half_made = path.with_name(path.name + ".part")
    half_made.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    os.replace(half_made, path)
