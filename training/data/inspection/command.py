"""`python -m training data inspect SET`: what a data set holds, in numbers and in pictures that people can look at."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ..clip import Clip
from ..index import Record
from ..store import DataSet, open_set
from .choice import named, spread
from .packages import PILLOW, package
from .plain_text import encodable, printable
from .report import heading, report
from .statistics import Statistics, measure

COUNT = 12
IN_A_FILM = 4
"""clips of the film when nobody names any"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("set", type=Path, help="folder of the data set")
    out = (
        "where the pictures go (default: SET-inspection); their font has English letters: é is shown as e, 人 as a box"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help=out)
    parser.add_argument("--clips", nargs="+", metavar="ID", help="draw these clips, as ID or SOURCE/ID")
    count = f"draw N clips, spread over sources and labels, {IN_A_FILM} of them in the film (default: {COUNT}; 0: none)"
    parser.add_argument("--count", type=int, default=COUNT, metavar="N", help=count)
    parser.add_argument("--film", choices=("gif", "mp4"), default="gif", help="what the film is (default: gif)")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write the numbers here too, and each item that was left out"
    )


def main(args: argparse.Namespace) -> int:
    """The exit code; what is wrong with the set, the names or the machine is one line on stderr and 2."""
    try:
        _inspect(args)
    except (ValueError, OSError, ImportError) as error:
        print(printable(str(error), 1000), file=sys.stderr)
        return 2
    return 0


def _inspect(args: argparse.Namespace) -> None:
    dataset = open_set(args.set)
    dataset.verify()
    chosen = _chosen(args, dataset.records)
    if chosen:
        package("PIL", PILLOW, "a picture (--count 0 draws none)")
        from . import pictures

        pictures.check(len(chosen), args.film)
    name = args.set.resolve().name
    found = measure(dataset.records, dataset.representation.fps, dataset.index.skipped)
    _say(f"{heading(name, dataset.index)}\n\n{report(found)}")
    if args.json:
        _save(args.json, name, dataset, found)
    if chosen:
        clips = [_clip(dataset, record) for record in chosen]
        # a spread has its sources in turns: its first clips are as mixed as all of it
        in_film = clips if args.clips else clips[:IN_A_FILM]
        folder = args.out or args.set.resolve().with_name(f"{name}-inspection")
        _say("\n".join(["", *pictures.draw(name, len(dataset.records), clips, in_film, folder, args.film)]))


def _say(text: str) -> None:
    print(encodable(text, sys.stdout.encoding))


def _chosen(args: argparse.Namespace, records: Sequence[Record]) -> list[Record]:
    if args.clips:
        return named(records, args.clips)
    if args.count < 0:
        raise ValueError(f"--count must be 0 or more, got {args.count}")
    return spread(records, args.count)


def _clip(dataset: DataSet, record: Record) -> Clip:
    motion = dataset.motion(record)
    return Clip(record.id, record.source, record.subject, record.label, motion, record.captions, record.split)


def _save(path: Path, name: str, dataset: DataSet, found: Statistics) -> None:
    what = dataset.representation
    plain = {
        "set": name,
        "representation": what.name,
        "skeleton": what.kind,
        "fps": float(what.fps),
        "sources": [asdict(origin) for origin in dataset.index.sources],
        **found.to_dict(),
    }
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(json.dumps(plain, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    os.replace(unfinished, path)
