"""The model card of holistic-small: ``holistic_small_card.md`` with its measured tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from training.recipes import finger_speeds

_TOKENIZER = {
    "body_mpjpe_mm": "body from the root, mm",
    "hands_mpjpe_mm": "hands from the wrist, mm",
    "hands_pa_mpjpe_mm": "shape of the hands, mm",
    "still_hands_pa_mpjpe_mm": "the same of still hands, mm",
}


def text(metrics: Mapping) -> str:
    """Markdown; what was not measured yet is left out."""
    card = Path(__file__).with_name("holistic_small_card.md").read_text(encoding="utf-8")
    parts = [_tokenizer(metrics["tokenizer"]), _language(metrics["language_model"])]
    if "fingers" in metrics:
        parts.append(finger_speeds.table(metrics["fingers"]))
    trained = "; ".join(f"{name} {value:g} min" for name, value in metrics["trained"].items())
    filled = {"{minutes}": minutes(metrics["minutes"]), "{trained}": trained, "{metrics}": "\n\n".join(parts)}
    for hole, value in filled.items():
        card = card.replace(hole, value)
    return card


def minutes(found: Mapping[str, tuple[float, float]]) -> str:
    """Markdown: split -> minutes of all motion, and of fingers that move."""
    lines = ["| split | minutes | in which fingers move |", "|---|---:|---:|"]
    lines += [f"| {split} | {whole:.2f} | {moving:.2f} |" for split, (whole, moving) in found.items()]
    return "\n".join(lines)


def _tokenizer(reports: Mapping[str, Mapping]) -> str:
    lines = [f"| tokenizer | {' | '.join(_TOKENIZER.values())} | codes used |"]
    lines.append("|---" + "|---:" * (len(_TOKENIZER) + 1) + "|")
    for split, report in reports.items():
        used = ", ".join(f"{usage['used']:g} of {usage['codes']} ({name})" for name, usage in report["codes"].items())
        lines.append(f"| {split} | {' | '.join(f'{report[name]:.1f}' for name in _TOKENIZER)} | {used} |")
    return "\n".join([*lines, "", "Still hands hold the mean bend of the training clips all the time."])


def _language(measured: Mapping[str, Mapping[str, float]]) -> str:
    lines = ["| language model, validation | loss a token with the text | without it |", "|---|---:|---:|"]
    for when, found in measured.items():
        lines.append(f"| {when} | {found['loss_holistic']:.2f} | {found['loss_no_text']:.2f} |")
    return "\n".join([*lines, "", "The bundle has the weights of the end."])
