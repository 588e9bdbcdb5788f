"""`python -m training data ...`: build a set, look at it, export it, and what was committed from ours.

build SET --cmu DIR ...    sources -> the data set SET, with progress; a stopped run goes on
inspect SET                counts, hours, lengths, words; a contact sheet and a film to look at
codes SET --tokenizer RUN  captioned clips as codes, for python -m training language
export SET DIR             our captioned clips in HumanML3D's own folder format
captions SET               the clips' captions -> training/data/captions/captions.json (committed)
splits SET                 the rule behind splits.json, beside what is committed
skeleton --cmu DIR         the mean CMU body, beside the canonical offsets
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

from backend.motion.skeleton import canonical
from backend.motion.smplx_io import UP_AXES

from . import build, export_humanml3d, phrases, proportions, segments, splits
from .inspection import command as inspection
from .inspection.statistics import reasons
from .meter import Meter
from .representation import representations
from .sources import SOURCES, Options, create
from .sources.cmu import Cmu
from .sources.take import Take
from .store import DEFAULT, open_set


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_subparsers(dest="what", required=True)
    one = what.add_parser("build", help="sources -> a data set")
    one.add_argument("set", type=Path, metavar="SET", help="folder to make")
    for name, source in SOURCES.items():
        one.add_argument(f"--{name}", type=Path, metavar="DIR", help=" ".join((source.terms.title, source.terms.url)))
    known = ", ".join(representations())
    one.add_argument("--as", dest="form", default="motion", metavar="WHAT", help=f"what is kept of a frame: {known}")
    one.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)")
    one.add_argument("--bpy-python", type=Path, help="a Python that can import bpy; reads FBX and GLB files")
    one.add_argument("--body-models", type=Path, metavar="DIR", help="your SMPL-H and SMPL-X models, for true joints")
    one.add_argument(
        "--rebuild-from", type=Path, metavar="DIR", help="AMASS, to rebuild --humanml3d from its index.csv"
    )
    one.add_argument("--scale", type=float, help="metres per unit of the BVH files of --folder (default: found)")
    one.add_argument("--captions", type=Path, metavar="DIR", help="sentences for --amass: its tree with .txt for .npz")
    one.add_argument("--up", choices=UP_AXES, help="up axis of the files of --motionx (default: found)")
    inspection.add_arguments(what.add_parser("inspect", help="what a data set holds, in numbers and pictures"))
    codes = what.add_parser("codes", help="captioned clips as codes of a motion tokenizer")
    codes.add_argument("set", type=Path)
    codes.add_argument("--tokenizer", type=Path, required=True, help="its run, or a bundle")
    codes.add_argument("--split", default="train", help="default: %(default)s")
    codes.add_argument("--out", type=Path, required=True, metavar="FILE", help="JSON lines")
    export = what.add_parser("export", help="HumanML3D's folder format")
    export.add_argument("set", type=Path)
    export.add_argument("out", type=Path)
    for name, does in (("captions", "write captions.json"), ("splits", "compare the committed splits with their rule")):
        what.add_parser(name, help=does).add_argument("set", type=Path, nargs="?", default=DEFAULT)
    what.add_parser("skeleton", help="measure the canonical offsets").add_argument("--cmu", type=Path, required=True)


def main(args: argparse.Namespace) -> int:
    """Runs the command; what is wrong with the input is one line on stderr and exit code 2."""
    actions = {
        "build": _build, "inspect": inspection.main, "codes": _codes, "export": _export,
        "captions": _captions, "splits": _splits, "skeleton": _skeleton,
    }  # fmt: skip
    try:
        return actions[args.what](args)
    except KeyboardInterrupt:
        print("stopped; the same command goes on where it was", file=sys.stderr)
        return 130
    except (ValueError, OSError, RuntimeError) as error:  # a source that is missing or damaged, a folder that is no set
        print(error, file=sys.stderr)
        return 2


def _build(args: argparse.Namespace) -> int:
    options = Options(args.bpy_python, args.body_models, args.rebuild_from, args.captions, args.scale, args.up)
    chosen = {name: folder for name in SOURCES if (folder := getattr(args, name))}
    if not chosen:
        raise ValueError(f"give at least one source: {', '.join('--' + name for name in SOURCES)}")
    sources = [create(name, folder, options) for name, folder in chosen.items()]
    with Meter() as meter:
        dataset = build.build(args.set, sources, args.form, args.workers, meter)
    print(build.summary(dataset))
    for reason in reasons(dataset.index.skipped)[:5]:
        print(f"  {reason.count} left out, the first: {reason.example}")
    both = sorted({"cmu", "amass", "humanml3d", "motionx"} & set(chosen))
    if len(both) > 1:
        print(
            f"note: {' and '.join(both)} hold recordings of the same performers; their splits do not know of each other"
        )
    print(f"wrote {args.set}; look at it: python -m training data inspect {args.set}")
    return 0


def _codes(args: argparse.Namespace) -> int:
    from training import tokenizer  # torch, which the other commands start without
    from training.coding import Coder
    from training.language import items

    from . import coded_set

    found = coded_set.items_of(open_set(args.set), args.split, Coder(tokenizer.load_tokenizer(args.tokenizer)))
    items.write(args.out, found)
    captions = sum(len(item.captions) for item in found)
    print(f"wrote {len(found)} motions with {captions} captions to {args.out}")
    return 0


def _export(args: argparse.Namespace) -> int:
    print(export_humanml3d.export_clips(open_set(args.set), segments.read_captions(), args.out))
    print(f"wrote {args.out}")
    return 0


def _captions(args: argparse.Namespace) -> int:
    clips = [c for c in open_set(args.set).clips() if phrases.entry(c.source, c.label, phrases.read())]
    records = segments.caption_records(clips, phrases.read())
    segments.save_captions(records)
    sentences = sum(len(record["sentences"]) for record in records)
    print(f"wrote {len(records)} segments, {sentences} sentences to {segments.CAPTIONS}")
    return 0


def _splits(args: argparse.Namespace) -> int:
    dataset, committed = open_set(args.set), splits.load()
    by_rule = splits.divide(dataset.records)
    differing = [g for g in by_rule if committed.groups.get(g) != by_rule[g]]
    seconds = Counter()
    for record in dataset.records:
        seconds[record.split] += dataset.seconds(record)
    for name in splits.NAMES:
        print(f"{name}: {seconds[name]:.0f} s, {sum(s == name for s in committed.groups.values())} groups")
    print(f"{len(differing)} groups differ from the rule" + (f": {', '.join(differing[:10])}" if differing else ""))
    return 0


def _skeleton(args: argparse.Namespace) -> int:
    cmu = Cmu(args.cmu)
    takes = (take for item in cmu.items() for take in cmu.read(item) if isinstance(take, Take))
    measured = proportions.mean_offsets(takes, splits.HELD_OUT_SUBJECTS)
    skeleton = canonical()
    for name, ours, mean in zip(skeleton.names, skeleton.offsets, measured):
        print(f"{name:16} canonical {ours}  measured {mean.round(3)}")
    return 0
