"""Results as a table for people and as JSON for programs."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from .machine import Machine


@dataclass(frozen=True)
class Row:
    """``value`` in ``unit``; ``wanted`` is the most (of a ratio or a rate: the least) that the project asks for."""

    what: str
    value: float
    unit: str = "s"
    wanted: float | None = None
    note: str = ""

    @property
    def shown(self) -> str:
        digits = 0 if abs(self.value) >= 100 else 1 if abs(self.value) >= 10 else 3 if self.unit == "s" else 2
        return f"{self.value:.{digits}f} {self.unit}"


def ratio_row(what: str, ratios: Sequence[float]) -> Row:
    """The median of the rounds' own ratios, and how far they lie apart."""
    return Row(what, median(ratios), "x", note=f"median of {len(ratios)}, {min(ratios):.3g} to {max(ratios):.3g}")


def show(title: str, machine: Machine, rows: Sequence[Row]) -> None:
    """Print the rows as a Markdown table under the machine's line."""
    print(f"{title}\n{machine}")
    if not machine.idle:
        print("NOT IDLE: absolute numbers say little, only the ratios count.")
    print("\n| what | wanted | measured | |\n|---|---|---|---|")
    for row in rows:
        wanted = "" if row.wanted is None else f"<= {row.wanted:g} {row.unit}"
        print(f"| {row.what} | {wanted} | {row.shown} | {row.note} |")


def save(path: Path, title: str, machine: Machine, rows: Sequence[Row]) -> None:
    """The same as JSON."""
    found = {"benchmark": title, "machine": machine.to_dict(), "rows": [asdict(row) for row in rows]}
    half_made = path.with_name(path.name + ".part")
    half_made.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    os.replace(half_made, path)
