"""The model card of motiongpt-small: ``motiongpt_small_card.md`` with its measured tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from training.recipes.right_codes import MEASURES


def text(metrics: Mapping) -> str:
    """Markdown: what LoRA is worth, then what ``training evaluate`` measured, where it did."""
    card = Path(__file__).with_name("motiongpt_small_card.md").read_text(encoding="utf-8")
    minutes = "; ".join(f"{name} {value:g} min" for name, value in metrics["minutes"].items())
    parts = [answers(metrics["answers"])]
    if "tasks" in metrics:
        parts.append(metrics["tasks"]["markdown"])
    return card.replace("{minutes}", minutes).replace("{metrics}", "\n\n".join(parts))


def answers(reports: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """A table of ``right_codes.measure`` of several networks, a row a task."""
    columns = [(who, measure) for measure in MEASURES for who in reports]
    lines = ["| task | " + " | ".join(f"{MEASURES[measure]}, {who}" for who, measure in columns) + " |"]
    lines.append("|---" + "|---:" * len(columns) + "|")
    for task in next(iter(reports.values())):
        cells = (f"{reports[who][task][measure]:.3f}" for who, measure in columns)
        lines.append(f"| {task} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
