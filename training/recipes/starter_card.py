"""The starter's model card: ``starter_card.md`` with its measured tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from training.evaluation.table import Table

_HEAD = (
    "held out", "MPJPE mm", "root drift after 5 s, median cm", "heading, median degrees", "codes used", "minutes",
)  # fmt: skip


def text(metrics: Mapping) -> str:
    """Markdown: the tokenizer on each part of the data, the language model, then what other commands measured."""
    card = Path(__file__).with_name("starter_card.md").read_text(encoding="utf-8")
    parts = [_tokenizer(metrics["tokenizer"]), _language(metrics["language_model"])]
    parts += [_tasks(asked) for asked in metrics.get("tasks", ())]
    if "probe" in metrics:
        parts.append(_probes(metrics["probe"]))
    return card.replace("{metrics}", "\n\n".join(parts))


def _tokenizer(parts: Mapping) -> str:
    lines = ["| " + " | ".join(_HEAD) + " |", "|---" * len(_HEAD) + "|"]
    for name, m in parts.items():
        cells = (name, m["mpjpe_mm"], m["drift_cm"], m["yaw_deg"], m["codes_used"], f"{m['frames'] / 1800:.1f}")
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join([*lines, "", "MPJPE is root-aligned, by forward kinematics of the decoded rotations."])


def _language(measured: Mapping) -> str:
    tasks = [name.removeprefix("loss_") for name in measured if name.startswith("loss_")]
    lines = ["Language model on validation, a token of the answer:", "", "| task | loss | accuracy |", "|---|---|---|"]
    for task in tasks:
        lines.append(f"| {task} | {measured[f'loss_{task}']} | {measured[f'accuracy_{task}']} |")
    return "\n".join(
        [*lines, "", "`no_text`: text to motion without its caption, which shows what the caption is worth."]
    )


def _tasks(asked: Mapping) -> str:
    head = f"Asked about {asked['clips']} clips of {asked['split']}, {asked['samples']} answers each:"
    return "\n\n".join([head, *(Table(**table).markdown() for table in asked["tables"])])


def _probes(probes: Mapping) -> str:
    how = f"{probes['seeds']} seeds, best of {probes['takes']} takes; in brackets the nearest-caption training clip"
    lines = [f"Probes ({how}):", ""]
    for name in ("public", "heldout"):
        p = probes[name]
        passed, nearest = 100 * p["rate"], 100 * p["nearest_caption_rate"]
        lines.append(
            f"- {name}: {passed:.0f} % pass ({nearest:.0f} %); under half: {', '.join(p['failing']) or 'none'}"
        )
    return "\n".join([*lines, f"- resting on less than 30 s of data: {', '.join(probes['little_data']) or 'none'}"])
