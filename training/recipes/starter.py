"""The starter bundle, from the public sources to ``backend/weights/starter``:

    python -m training.recipes.starter --cmu DIR --o3de DIR --cc0 DIR --bpy-python PYTHON

Two hours on two CPU cores, less on a CUDA GPU. A MotionGPT-2 of our own size in the paper's three stages: motion
tokenizer, alignment, instruction tuning, without a pretrained base, so that all weights are trained. A step whose
result is there is skipped, and a killed stage goes on where it was; delete its folder below ``--runs`` to do it again.
Choices are made on the validation split alone; the test splits are measured once, at the end.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from training import tokenizer
from training.data import feature_set
from training.data.clip import Clip
from training.exporting.bundle import export
from training.language import alignment, instruction
from training.language.command import INTERRUPTED
from training.recipes import recordings, starter_card

TEXT_TOKENS = 1200


def train_language(args: argparse.Namespace, codes_run: Path) -> Path:
    """Stages 2 and 3 on the codes of stage 1; the folder of the last run. KeyboardInterrupt where a stage was stopped
    before its budget was used."""
    train, val = (recordings.captioned_codes(args, codes_run, split) for split in ("train", "val"))
    aligned = alignment.Alignment(minutes=args.alignment_minutes, threads=args.threads)
    aligned.model.text_size = TEXT_TOKENS
    folder = args.runs / "alignment"
    if not recordings.finished(folder, aligned.minutes) and not alignment.train(aligned, train, folder, val):
        raise KeyboardInterrupt
    tuned = instruction.Instruction(minutes=args.instruction_minutes, threads=args.threads)
    out = args.runs / "instruction"
    if not recordings.finished(out, tuned.minutes) and not instruction.train(tuned, train, out, val, start=folder):
        raise KeyboardInterrupt
    return out


def last_validation(run: Path) -> dict:
    """What the log of a run says of its last weights, which are those that are exported."""
    lines = (run / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return next(found["validation"] for line in reversed(lines) if "validation" in (found := json.loads(line)))


def tokenizer_metrics(args: argparse.Namespace, run: Path) -> dict:
    """Reconstruction on every split; test trials also by whether their action was seen in training."""
    model, mean, std = tokenizer.load(run)
    seen = {c.label for c in recordings.clips_of(args, "train")}
    parts = {name: recordings.clips_of(args, name) for name in ("val", "test_trials", "test_subjects")}
    parts["test_trials_seen_actions"] = [c for c in parts["test_trials"] if c.label in seen]
    parts["test_trials_unseen_actions"] = [c for c in parts["test_trials"] if c.label not in seen]
    return {name: tokenizer.evaluate(model, mean, std, rows_of(part)) for name, part in parts.items() if part}


def rows_of(clips: list[Clip]) -> list:
    """MS-272 rows of clips, the shortest held for a second."""
    return [feature_set.held(feature_set.ms272.encode(clip.motion))[0] for clip in clips]


def measured(args: argparse.Namespace, name: str) -> dict:
    """What another command wrote about the bundle into the runs' folder, where it did."""
    path = args.runs / name
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0, 130 where it was stopped and can go on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    recordings.add_arguments(parser)
    parser.add_argument("--out", type=Path, default=Path("backend/weights/starter"))
    parser.add_argument("--alignment-minutes", type=float, default=30.0)
    parser.add_argument("--instruction-minutes", type=float, default=25.0)
    args = parser.parse_args(arguments)
    codes_run = recordings.train_codes(args)
    tokenizer_run = recordings.train_decoder(args, codes_run)
    try:
        language_run = train_language(args, codes_run)
    except KeyboardInterrupt:
        print("stopped; the same command goes on where it was", file=sys.stderr)
        return INTERRUPTED
    metrics = {"tokenizer": tokenizer_metrics(args, tokenizer_run), "language_model": last_validation(language_run)}
    # of the bundle as it was: weights that did not change keep their results
    if probes := measured(args, "probe.json"):
        metrics["probe"] = {k: probes[k] for k in ("seeds", "takes", "public", "heldout", "little_data")}
    asked = [measured(args, f"evaluation_{split}.json") for split in ("test_trials", "test_subjects")]
    metrics["tasks"] = [{k: v for k, v in found.items() if k != "markdown"} for found in asked if found]
    meta = json.loads(Path(__file__).with_name("starter.json").read_text(encoding="utf-8")) | {"metrics": metrics}
    bundle = export(tokenizer_run, language_run, meta, starter_card.text(metrics), args.out, replace=True)
    print(json.dumps(metrics, indent=1))
    print(
        f"wrote {bundle.path}; measure it with `python -m training probe --out {args.runs}/probe.json` and, for SPLIT "
        f"test_trials and test_subjects, `python -m training evaluate --split SPLIT --out {args.runs}/evaluation_SPLIT"
        ".json`, then run this again"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
