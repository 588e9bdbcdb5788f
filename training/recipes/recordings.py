"""What the recipes of our own small bundles begin with: the data set, a motion tokenizer, captioned codes."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from training import tokenizer, tokenizer_config
from training.coding import Coder
from training.data import build, feature_set, language_set, phrases, segments, sources
from training.data.clip import Clip
from training.data.store import DEFAULT, DataSet, open_set
from training.language import items


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cmu", type=Path, help="folder of <subject>/<trial>.amc|bvh and descriptions.json")
    parser.add_argument("--o3de", type=Path, help="folder of O3DE motion matching BVH files")
    parser.add_argument("--cc0", type=Path, help="folder of <library>/*.glb")
    parser.add_argument("--bpy-python", type=Path, help="a Python that can import bpy; reads the GLB files")
    parser.add_argument("--set", type=Path, default=DEFAULT, help="the data set, built from the sources if missing")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the runs; what is there is kept")
    parser.add_argument("--tokenizer-minutes", type=float, default=30.0)
    parser.add_argument("--decoder-minutes", type=float, default=20.0)
    parser.add_argument("--threads", type=int, default=2)


def set_of(args: argparse.Namespace) -> DataSet:
    """The data set, built when it is not there."""
    if not args.set.exists():
        folders = {"cmu": args.cmu, "o3de": args.o3de, "cc0": args.cc0}
        options = sources.Options(bpy_python=args.bpy_python)
        chosen = [sources.create(name, folder, options) for name, folder in folders.items() if folder]
        if not chosen:
            sys.exit(f"{args.set} is not there and no source was given: see --help")
        build.build(args.set, chosen)
    return open_set(args.set)


def clips_of(args: argparse.Namespace, *splits: str) -> list[Clip]:
    """The clips of these splits whose labels have sentences: of the full CMU database, those of the committed part."""
    words = phrases.read()
    return [clip for clip in set_of(args).clips(*splits) if segments.entry_of(clip, words)]


def finished(folder: Path, minutes: float) -> bool:
    """Whether a run used its budget."""
    path = folder / "weights.json"
    return path.exists() and json.loads(path.read_text(encoding="utf-8"))["minutes"] >= minutes - 0.1


def train_codes(args: argparse.Namespace) -> Path:
    """Stage 1: the motion tokenizer on the recorded clips. It gives the codes."""
    out = args.runs / "tokenizer_base"
    config = tokenizer_config.TokenizerTraining(minutes=args.tokenizer_minutes, lr=5e-4, threads=args.threads)
    if not finished(out, config.minutes):
        train, val = (feature_set.load(set_of(args), name, mirrored=name == "train") for name in ("train", "val"))
        tokenizer.train(config, train, out, val)
    return out


def train_decoder(args: argparse.Namespace, codes_run: Path) -> Path:
    """Stage 1b: the decoder alone goes on, on recorded and made motions; the codes stay what they are."""
    out = args.runs / "tokenizer"
    config = tokenizer_config.TokenizerTraining(minutes=args.decoder_minutes, lr=4e-4, threads=args.threads)
    if not finished(out, config.minutes):
        data = language_set.features(language_set.records(clips_of(args, "train"), segments.committed()))
        val = feature_set.load(set_of(args), "val", mirrored=False)
        tokenizer.train(config, data, out, val, codes_of=codes_run)
    return out


def captioned_codes(args: argparse.Namespace, codes_run: Path, split: str) -> list[items.Item]:
    """The items of a split, kept as JSON lines beside the runs."""
    path = args.runs / f"items_{split}.jsonl"
    if not path.exists():
        records = language_set.records(clips_of(args, split), segments.committed(), made=split == "train")
        items.write(path, language_set.coded(records, Coder(tokenizer.load_tokenizer(codes_run))))
    return items.read(path)
