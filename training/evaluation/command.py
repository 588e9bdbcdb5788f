"""`python -m training evaluate`: how well a bundle answers about motions that it has never seen. Prints a Markdown
table for each of its tasks: key poses, captions, prediction, in-betweening.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from backend import bundles
from backend.motion.formats.text import write_bytes
from training.data import segments
from training.data.store import DEFAULT, DataSet, open_set

from . import bundled
from .cases import cases, some, windows
from .measuring import tables
from .table import Table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bundle", type=Path, help="bundle folder (default: the one that comes with Posewright)")
    parser.add_argument("--base-model", type=Path, metavar="DIR", help="folder of the Hugging Face base it stands on")
    parser.add_argument("--set", type=Path, default=DEFAULT, help="data set (default: %(default)s)")
    parser.add_argument("--split", default="test_trials", help="split of it that is asked about (default: %(default)s)")
    parser.add_argument("--clips", type=_two_or_more, metavar="N", help="so many clips, spread over the split")
    parser.add_argument("--samples", type=_one_or_more, default=2, metavar="N", help="answers a clip (default 2)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the numbers as JSON too")


def main(args: argparse.Namespace) -> int:
    """The exit code; what is wrong with the input is one line on stderr and 2."""
    begun = time.perf_counter()
    try:
        bundle = bundles.load(args.bundle or bundles.default_bundle_path())
        answers = bundled.answers(bundle, args.base_model)
        dataset, written = open_set(args.set), segments.committed()
        asked = some(cases(_clips(dataset, args.split), written, answers.codec), args.clips)
        training = windows(_clips(dataset, "train"), written, answers.codec)
        found = tables(asked, training, answers, args.samples, args.seed, say=_say)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    facts = {
        "bundle": bundle.title, "set": str(args.set), "split": args.split, "clips": len(asked),
        "samples": args.samples, "seed": args.seed, "engine": answers.engine,
        "seconds": round(time.perf_counter() - begun, 1),
    }  # fmt: skip
    told = markdown(facts, found)
    print(told)
    if args.out:
        report = facts | {"markdown": told, "tables": [table.to_dict() for table in found]}
        write_bytes(args.out, (json.dumps(report, indent=1) + "\n").encode())
    return 0


def markdown(facts: dict, found: list[Table]) -> str:
    head = (
        "{bundle} on {clips} clips of {split} ({set}), {samples} answers each, seed {seed}; {engine} engine, "
        "{seconds:.0f} s"
    )
    return "\n\n".join([head.format(**facts), *(table.markdown() for table in found)])


def _clips(dataset: DataSet, split: str) -> list:
    found = dataset.clips(split)
    if not found:
        there = ", ".join(sorted({record.split for record in dataset.records}))
        raise ValueError(f"{dataset.folder} has no split {split!r}; it has {there}")
    return found


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _one_or_more(text: str) -> int:
    return _at_least(1, text)


def _two_or_more(text: str) -> int:
    return _at_least(2, text)


def _at_least(low: int, text: str) -> int:
    if not text.isdecimal() or int(text) < low:
        raise argparse.ArgumentTypeError(f"must be a whole number of {low} or more, got {text!r}")
    return int(text)
