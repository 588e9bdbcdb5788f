"""What ``python -m training tokenizer`` does: a tokenizer trained on a data set of any representation, and measured."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from backend.motion.features import ms272
from backend.motion.features.codec import codec
from backend.motion.formats.text import write_bytes
from training import checkpoint, tokenizer, tokenizer_eval
from training.data import feature_set
from training.data.store import DataSet, open_set
from training.tokenizer_config import PRESETS, TokenizerTraining, preset_of


def train(
    folder: Path,
    out: Path,
    codec_name: str | None = None,
    preset: str | None = None,
    changes: Path | None = None,
    minutes: float | None = None,
    steps: int | None = None,
) -> None:
    """Train on the data set ``folder``, or go on, into the run ``out``. ``changes``: JSON file of fields that differ
    from the setup's; ``minutes`` or ``steps``: another budget. ValueError or OSError: what is wrong with the input."""
    dataset = open_set(folder)
    kept = dataset.representation.codec
    name = codec_name or (kept.name if kept else ms272.NAME)
    clips = rows_of(dataset, "train", name)
    if not clips.features:
        raise ValueError(f"{folder} has no clip to train on")
    config = PRESETS[preset or preset_of(name)](name, len(clips.features))
    if changes is not None:
        config = changed(config, json.loads(changes.read_text(encoding="utf-8")))
    if minutes is not None or steps is not None:
        config.minutes, config.steps = minutes or config.minutes, steps
    _check_goes_on(out, config)
    validation = rows_of(dataset, "val", name, mirrored=False)
    tokenizer.train(config, clips, out, validation if validation.features else None)


def _check_goes_on(out: Path, config: TokenizerTraining) -> None:
    """ValueError where ``out`` holds a run of another network."""
    path = out / checkpoint.META
    if path.is_file():
        there = TokenizerTraining.from_dict(json.loads(path.read_text(encoding="utf-8"))["config"])
        if (there.codec, there.model) != (config.codec, config.model):
            raise ValueError(f"{out} is a run with another codec or model; name a new folder, or delete it")


def changed(config: TokenizerTraining, given: dict) -> TokenizerTraining:
    """``config`` with the fields of a JSON object; of "model" and "loss" those that are named. ValueError names a field
    that does not fit."""
    if not isinstance(given, dict):
        raise ValueError("a config file must hold one JSON object with fields of TokenizerTraining")
    plain = config.to_dict()
    for name, value in given.items():
        inner = name in ("model", "loss") and isinstance(value, dict)
        plain[name] = plain[name] | value if inner else value
    return TokenizerTraining.from_dict(plain)


def rows_of(dataset: DataSet, split: str, codec_name: str, mirrored: bool = True) -> feature_set.FeatureSet:
    """Of MS-272 as the starter draws them, of every other codec as the papers do."""
    if codec_name == ms272.NAME:
        return feature_set.load(dataset, split, mirrored)
    return feature_set.load_rows(dataset, split, codec(codec_name), mirrored)


def measure(run: Path, folder: Path, splits: Sequence[str], out: Path | None = None) -> dict[str, dict]:
    """Reports of a finished run on splits of a data set, in ``out`` as JSON too."""
    found, dataset = tokenizer.load_tokenizer(run), open_set(folder)
    reports = {split: _report(found, dataset, split) for split in splits}
    if out is not None:
        write_bytes(out, (json.dumps(reports, indent=1) + "\n").encode())
    return reports


def _report(found: tokenizer_eval.Tokenizer, dataset: DataSet, split: str) -> dict:
    """Of one split; of MS-272 with the root's drift and the heading's error after 5 s."""
    clips = rows_of(dataset, split, found.codec.name, mirrored=False).features
    if not clips:
        raise ValueError(f"{dataset.folder} has no clip in split {split!r}")
    report = tokenizer_eval.evaluate(found, clips)
    if found.codec.name == ms272.NAME:
        path = tokenizer.evaluate(found.model, found.mean, found.std, clips)
        report |= {name: path[name] for name in ("drift_cm", "yaw_deg")}
    return report


def table(reports: dict[str, dict]) -> str:
    """Markdown, a column a split."""
    flat = {split: _flat(report) for split, report in reports.items()}
    lines = [f"| | {' | '.join(flat)} |", "|---" * (len(flat) + 1) + "|"]
    for name in next(iter(flat.values())):
        cells = ("-" if report[name] is None else f"{report[name]:g}" for report in flat.values())
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _flat(report: dict) -> dict[str, float | None]:
    """The report with the streams' usage beside the rest."""
    plain = {name: value for name, value in report.items() if name != "codes"}
    for stream, usage in report["codes"].items():
        plain |= {f"{stream} {name}": round(value, 1) for name, value in usage.items()}
    return plain
