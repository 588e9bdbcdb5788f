"""`python -m training`: the data, the probes, and where the stages are.

    data build     public sources -> data/clips.npz
    data captions  the clips' captions -> training/data/captions/captions.json (committed)
    data splits    the rule behind splits.json, beside what is committed
    data skeleton  the mean CMU body, beside the canonical offsets
    probe          40 prompts through a bundle, checked by kinematics
Stages are modules of their own: training.tokenizer, training.language, training.export; whole runs: training/recipes.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from . import probe


def _build(args: argparse.Namespace) -> int:
    from .data import build, cache

    clips = build.build(args.cmu, args.o3de, args.cc0, args.bpy_python)
    if not clips:
        print("no clip was read: give --cmu, --o3de or --cc0 with the folder of a source", file=sys.stderr)
        return 2
    cache.save(clips, args.cache)
    print(build.summary(clips))
    print(f"wrote {args.cache}")
    return 0


def _captions(args: argparse.Namespace) -> int:
    from .data import build, cache, segments, splits

    records = segments.caption_records(cache.clips(args.cache), build.read_phrases(), splits.load())
    segments.save_captions(records)
    print(
        f"wrote {len(records)} segments, {sum(len(r['sentences']) for r in records)} sentences to {segments.CAPTIONS}"
    )
    return 0


def _splits(args: argparse.Namespace) -> int:
    from collections import Counter

    from .data import cache, splits

    clips, committed = cache.clips(args.cache), splits.load()
    by_rule = splits.divide(clips)
    differing = [g for g in by_rule if committed.groups.get(g) != by_rule[g]]
    seconds = Counter()
    for clip in clips:
        seconds[committed.of(clip)] += clip.seconds
    for name in splits.NAMES:
        print(f"{name}: {seconds[name]:.0f} s, {sum(s == name for s in committed.groups.values())} groups")
    print(f"{len(differing)} groups differ from the rule" + (f": {', '.join(differing[:10])}" if differing else ""))
    return 0


def _skeleton(args: argparse.Namespace) -> int:
    from backend.motion.skeleton import canonical

    from .data import proportions, sources, splits

    if args.cmu is None:
        print("give --cmu, the folder of the CMU trials", file=sys.stderr)
        return 2
    measured = proportions.mean_offsets(sources.cmu(args.cmu), splits.HELD_OUT_SUBJECTS)
    skeleton = canonical()
    for name, ours, mean in zip(skeleton.names, skeleton.offsets, measured):
        print(f"{name:16} canonical {ours}  measured {mean.round(3)}")
    return 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m training", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    data = commands.add_parser("data", help="clips, captions, splits").add_subparsers(dest="what", required=True)
    actions = {"build": _build, "captions": _captions, "splits": _splits, "skeleton": _skeleton}
    for name in actions:
        one = data.add_parser(name)
        one.add_argument("--cache", type=Path, default=Path("data/clips.npz"))
        if name in ("build", "skeleton"):
            one.add_argument("--cmu", type=Path, help="folder of <subject>/<trial>.amc|bvh and descriptions.json")
        if name == "build":
            one.add_argument("--o3de", type=Path, help="folder of O3DE motion matching BVH files")
            one.add_argument("--cc0", type=Path, help="folder of <library>/*.glb")
            one.add_argument("--bpy-python", type=Path, help="a Python that can import bpy; reads the GLB files")
    probe.add_arguments(commands.add_parser("probe", help="40 prompts, checked by kinematics"))
    args = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if args.command == "probe":
        return probe.main(args)
    try:
        return actions[args.what](args)
    except (ValueError, OSError, RuntimeError) as error:  # a source that is missing or damaged, an unknown group
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
