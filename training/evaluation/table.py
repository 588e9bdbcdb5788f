"""The numbers of one question, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """``rows``: name -> column -> number, None where it has no meaning; ``head`` says what the rows are,
    ``note`` how they were measured."""

    title: str
    head: str
    rows: Mapping[str, Mapping[str, float | None]]
    note: str

    def markdown(self) -> str:
        columns = list(dict.fromkeys(column for row in self.rows.values() for column in row))
        lines = [f"### {self.title}", "", "| " + " | ".join([self.head, *columns]) + " |"]
        lines.append("|---" + "|---:" * len(columns) + "|")
        for name, row in self.rows.items():
            lines.append("| " + " | ".join([name, *(_shown(row.get(column)) for column in columns)]) + " |")
        return "\n".join([*lines, "", self.note])

    def to_dict(self) -> dict:
        """``Table(**d)`` is the table again."""
        rows = {name: dict(row) for name, row in self.rows.items()}
        return {"title": self.title, "head": self.head, "rows": rows, "note": self.note}


def mean(measured: list[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each number over samples."""
    return {name: sum(one[name] for one in measured) / len(measured) for name in measured[0]}


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}"
