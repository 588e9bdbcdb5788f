"""MotionGPT (the first one) for real, small: our own base, frozen, with LoRA on queries and values, codes in digits.

    python -m training.recipes.motiongpt_small --runs runs

Needs what ``training.recipes.starter`` leaves in ``--runs``: the motion tokenizer and the captioned codes. Forty
minutes on two CPU cores. First a base is pretrained on plain text (``small_base``), then MotionGPT is trained on it in
its single stage, and last both are measured on the same samples of the validation split: what LoRA is worth. A step
whose result is there is skipped, and a killed one goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

from backend.engines import base_files
from backend.systems import prompts
from training import tokenizer
from training.exporting.bundle import export
from training.language import items, learner, motiongpt, validation
from training.language.command import INTERRUPTED
from training.language.examples import Examples
from training.language.items import Item
from training.language.motiongpt import MotionGPT
from training.language.trainer import BEST
from training.recipes import motiongpt_small_card, recordings, right_codes, small_base
from training.recipes.small_base import Pretraining
from training.run import Diverged

BASE = "motiongpt-small-base"
"""its folder's name, which the bundle asks for"""
ALONE, ADAPTED = "base alone", "with LoRA"


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0, 130 for a run that was asked to end, 2 where something is missing (one line on stderr)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the starter's runs, and of these")
    parser.add_argument("--out", type=Path, help="the bundle (default: motiongpt-small in --runs)")
    parser.add_argument("--base-minutes", type=float, default=20.0)
    parser.add_argument("--lora-minutes", type=float, default=20.0)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args(arguments)
    try:
        return run(args)
    except (ValueError, OSError, Diverged) as error:
        print(error, file=sys.stderr)
        return 2


def run(args: argparse.Namespace) -> int:
    """All steps; returns the exit code."""
    train, val = (captioned_codes(args.runs, split) for split in ("train", "val"))
    val = val[::2]  # each is followed by its mirror
    work = args.runs / "motiongpt_small"
    base, adapted = work / BASE, work / "lora"
    pretraining = Pretraining(minutes=args.base_minutes, threads=args.threads)
    if not base.exists():
        asked = prompts.load(MotionGPT.prompts)
        if not small_base.train(pretraining, asked, train, val, work / "pretraining", base):
            return INTERRUPTED
    stage = stage_of(args, base)
    if not recordings.finished(adapted, stage.minutes) and not motiongpt.train(stage, train, adapted, val):
        return INTERRUPTED
    metrics = {"answers": measure(stage, val, adapted), "minutes": {"base": args.base_minutes, "lora": stage.minutes}}
    evaluation = work / "evaluation.json"
    if evaluation.exists():  # of the bundle as it was; weights that did not change keep their results
        metrics["tasks"] = json.loads(evaluation.read_text(encoding="utf-8"))
    out = args.out or args.runs / "motiongpt-small"
    meta = json.loads(Path(__file__).with_name("motiongpt_small.json").read_text(encoding="utf-8"))
    card = motiongpt_small_card.text(metrics)
    bundle = export(args.runs / "tokenizer", adapted / BEST, meta | {"metrics": metrics}, card, out, replace=True)
    print(motiongpt_small_card.answers(metrics["answers"]))
    sizes = {name: entry.bytes for name, entry in bundle.files.items()} | {BASE: base_files.weight_bytes(base)}
    print("\n".join(f"{name}: {size / 2**20:.2f} MiB" for name, size in sizes.items()))
    print(
        f"wrote {bundle.path}; measure it with: python -m training evaluate --bundle {bundle.path} --base-model {base} "
        f"--out {evaluation}, then run this again"
    )
    return 0


def captioned_codes(runs: Path, split: str) -> list[Item]:
    """What the starter's recipe wrote; FileNotFoundError says how to get it."""
    path = runs / f"items_{split}.jsonl"
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: run training.recipes.starter first, or name its --runs")
    return items.read(path)


def stage_of(args: argparse.Namespace, base: Path) -> MotionGPT:
    """The published settings, but for the batch: in minutes there is no time for many steps of 256 samples."""
    codes = tokenizer.load_tokenizer(args.runs / "tokenizer").model.config
    return MotionGPT(
        base=str(base), minutes=args.lora_minutes, threads=args.threads, tokens=2048, evaluate_minutes=5.0,
        streams=dict.fromkeys(codes.streams, codes.codes),
    )  # fmt: skip


def measure(stage: MotionGPT, val: list[Item], run: Path) -> dict[str, dict]:
    """The base alone and with what was trained on it, the same sample of each task and motion twice."""
    asked = prompts.load(stage.prompts)
    found = learner.on_base(stage, asked)
    answers = replace(validation.calm(stage.mixture), whole_text=False)
    samples = validation.held_out(val, Examples(asked, found.speech, answers, found.network.longest))
    # new adapters change nothing, so the network still is the base
    alone = right_codes.measure(found.network, samples, found.speech)
    found.take(run / BEST, asked)
    return {ALONE: alone, ADAPTED: right_codes.measure(found.network, samples, found.speech)}


if __name__ == "__main__":
    sys.exit(main())
