"""Body and hands for real, small: a part-aware tokenizer, hands first, and a language model that answers with a block
of body codes and a block of hand codes, on what finger motion our sources hold.

    python -m training.recipes.holistic_small --cc0 DIR --bpy-python PYTHON

Only the CC0 clips move fingers, and few of those do: how many minutes is printed. A quarter of an hour on two CPU
cores. A step whose result is there is skipped, and a killed one goes on where it was. (Which order of the parts is best
is asked on made motions, in ``part_aware_orders``.)
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from backend import engines, systems
from backend.models.config import LanguageModelConfig, PartVQVAEConfig
from backend.motion.features import motionx623
from backend.motion.features.codec import codec
from training import tokenizer, tokenizer_eval
from training.coding import Coder
from training.data import build, hands_set, language_set, sources
from training.data.hands_set import Hands
from training.data.store import DataSet, open_set
from training.evaluation.cases import cases
from training.exporting.bundle import export
from training.language import alignment, items, log
from training.language.command import INTERRUPTED
from training.language.examples import TEXT_ONLY, Mixture
from training.language.items import Item
from training.recipes import finger_speeds, holistic_small_card, part_aware_orders, recordings
from training.row_loss import RowLossWeights
from training.run import Diverged
from training.tokenizer_config import TokenizerTraining

CODEC = codec(motionx623.NAME)
SPLITS = ("train", "val", "test_trials")
SHARES = {"holistic": 0.95, TEXT_ONLY: 0.05}
SEEDS = 2
"""motions that are generated for each recording"""


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0, 130 for a run that was asked to end, 2 where something is missing (one line on stderr)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cc0", type=Path, help="folder of <library>/*.glb")
    parser.add_argument("--bpy-python", type=Path, help="a Python that can import bpy; reads the GLB files")
    parser.add_argument(
        "--set", type=Path, default=Path("data") / "hands", help="the data set, built from --cc0 if missing"
    )
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the runs; what is there is kept")
    parser.add_argument("--out", type=Path, help="the bundle (default: holistic-small in --runs)")
    parser.add_argument("--tokenizer-minutes", type=float, default=8.0)
    parser.add_argument("--language-minutes", type=float, default=6.0)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args(arguments)
    try:
        return run(args)
    except (ValueError, OSError, Diverged) as error:
        print(error, file=sys.stderr)
        return 2


def run(args: argparse.Namespace) -> int:
    """All steps; returns the exit code."""
    hands, work = hands_set.read(set_of(args), *SPLITS), args.runs / "holistic_small"
    minutes = {split: hands_set.minutes(clips) for split, clips in hands.clips.items()}
    print(holistic_small_card.minutes(minutes))
    codes_run = train_tokenizer(args, hands, work / "tokenizer")
    train, val = (captioned_codes(hands, split, codes_run, work) for split in ("train", "val"))
    stage, out = stage_of(args), work / "language"
    if not recordings.finished(out, stage.minutes) and not alignment.train(stage, train, out, val):
        return INTERRUPTED
    metrics = {
        "minutes": minutes, "trained": {"tokenizer": args.tokenizer_minutes, "language model": args.language_minutes},
        "tokenizer": measure_tokenizer(codes_run, hands), "language_model": validations(out),
    }  # fmt: skip
    # the weights of the end: four held-out clips without moving fingers cannot say which are the best
    bundle = export_bundle(args, codes_run, out, metrics)
    metrics["fingers"] = measure_fingers(bundle, codes_run, hands)
    bundle = export_bundle(args, codes_run, out, metrics)
    print(holistic_small_card.text(metrics))
    print(f"wrote {bundle.path}: {sum(entry.bytes for entry in bundle.files.values()) / 2**20:.2f} MiB")
    return 0


def set_of(args: argparse.Namespace) -> DataSet:
    """The recordings with hands, built when they are not there."""
    if not args.set.exists():
        if args.cc0 is None:
            raise ValueError(f"{args.set} is not there: give --cc0 and --bpy-python, or another --set")
        source = sources.create("cc0", args.cc0, sources.Options(bpy_python=args.bpy_python))
        build.build(args.set, [source], "motion_hands")
    return open_set(args.set)


def tokenizer_of(args: argparse.Namespace) -> TokenizerTraining:
    return TokenizerTraining(
        codec=CODEC.name, loss=RowLossWeights(), minutes=args.tokenizer_minutes, lr=1e-3, threads=args.threads,
        model=PartVQVAEConfig(
            order="hand_first", width=128, code_width=64, codes=256, dilations=(3, 1), decay=0.98, reset_below=0.1
        ),
    )  # fmt: skip


def stage_of(args: argparse.Namespace) -> alignment.Alignment:
    motion = tokenizer_of(args).model
    return alignment.Alignment(
        minutes=args.language_minutes, threads=args.threads, mixture=Mixture(SHARES),
        model=LanguageModelConfig(layers=4, width=192, text_size=800),
        streams=dict.fromkeys(motion.streams, motion.codes),
    )  # fmt: skip


def train_tokenizer(args: argparse.Namespace, hands: Hands, out: Path) -> Path:
    config = tokenizer_of(args)
    if not recordings.finished(out, config.minutes):
        train, val = (hands_set.features(hands.records(split), CODEC) for split in ("train", "val"))
        tokenizer.train(config, train, out, val)
    return out


def captioned_codes(hands: Hands, split: str, codes_run: Path, work: Path) -> list[Item]:
    """The items of a split, kept as JSON lines."""
    path = work / f"items_{split}.jsonl"
    if not path.exists():
        records = hands_set.codable(hands.records(split), CODEC)
        items.write(path, language_set.coded(records, Coder(tokenizer.load_tokenizer(codes_run))))
    return items.read(path)


def measure_tokenizer(codes_run: Path, hands: Hands) -> dict[str, dict]:
    """Split -> the report of its clips, with the error of hands that never change their shape beside that of the
    decoded ones."""
    found, reports = tokenizer.load_tokenizer(codes_run), {}
    motions = {split: [hands_set.held(clip.motion, CODEC) for clip in some] for split, some in hands.clips.items()}
    for split, some in motions.items():
        reports[split] = tokenizer_eval.evaluate(found, [CODEC.encode(motion) for motion in some])
        reports[split]["still_hands_pa_mpjpe_mm"] = round(part_aware_orders.still_hands(motions["train"], some), 3)
    return reports


def validations(run: Path) -> dict[str, dict[str, float]]:
    """What a language run measured at its end, and where the loss was lowest."""
    lines = (json.loads(line) for line in (run / log.FILE).read_text(encoding="utf-8").splitlines())
    measured = [line["validation"] for line in lines if "validation" in line]
    return {"end": measured[-1], "lowest": min(measured, key=lambda one: one["loss"])}


def measure_fingers(bundle, codes_run: Path, hands: Hands) -> dict[str, dict]:
    """Of what was learnt, and of clips that were not. (On the validation split no finger moves.)"""
    system, found = systems.create(bundle, engines.create(bundle)), tokenizer.load_tokenizer(codes_run)
    out = {}
    for split in ("train", "test_trials"):
        asked = cases(hands.clips[split], hands.captions, CODEC)
        out[split] = finger_speeds.measure(system, found, asked, SEEDS)
    return out


def export_bundle(args: argparse.Namespace, codes_run: Path, language_run: Path, metrics: dict):
    meta = json.loads(Path(__file__).with_name("holistic_small.json").read_text(encoding="utf-8"))
    card, out = holistic_small_card.text(metrics), args.out or args.runs / "holistic-small"
    return export(codes_run, language_run, meta | {"metrics": metrics}, card, out, replace=True)


if __name__ == "__main__":
    sys.exit(main())
