"""`python -m training tokenizer ...`: train a motion tokenizer on the rows of any data set, and measure one.

train --set SET --out RUN    goes on where a stopped run was
eval RUN --set SET           position errors, sliding feet beside the original's, use of the codes, a column a split

Setups (--preset), by default the first for MS-272, the last for Motion-X-623, t2mgpt for every other codec:
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from backend.motion.features.codec import CODECS
from training.data.store import DEFAULT

PRESETS = {
    "starter": "the default bundle's, minutes on a CPU",
    "t2mgpt": "T2M-GPT's and MotionGPT's, 300,000 steps",
    "motiongpt2": "MotionGPT-2's, 1,200 epochs",
    "part_aware": "MotionGPT-2's of body and hands, 1,200 epochs",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = f"{__doc__}\n" + "\n".join(f"{name:13}{title}" for name, title in PRESETS.items())
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    what = parser.add_subparsers(dest="what", required=True)
    train = what.add_parser("train", help="rows -> a run's folder")
    train.add_argument("--set", type=Path, default=DEFAULT, help="data set (default: %(default)s)")
    train.add_argument("--out", type=Path, required=True, help="folder of the run; goes on where one was saved")
    train.add_argument("--codec", choices=tuple(CODECS), help="default: of the set's rows; ms272 of motions")
    train.add_argument("--preset", choices=tuple(PRESETS), help="setup")
    train.add_argument("--config", type=Path, help="JSON with fields of TokenizerTraining, over those of the setup")
    budget = train.add_mutually_exclusive_group()
    budget.add_argument("--minutes", type=float, help="budget, instead of the setup's")
    budget.add_argument("--steps", type=int, help="budget, instead of the setup's")
    measure = what.add_parser("eval", help="what a run keeps of motions")
    measure.add_argument("run", type=Path, metavar="RUN", help="folder of a run")
    measure.add_argument("--set", type=Path, default=DEFAULT, help="data set (default: %(default)s)")
    measure.add_argument("--splits", nargs="+", default=["val"], metavar="SPLIT", help="default: val")
    measure.add_argument("--json", type=Path, metavar="FILE", help="write the numbers here too")


def main(args: argparse.Namespace) -> int:
    """The exit code; what is wrong with the input is one line on stderr and 2."""
    from . import tokenizer_jobs as jobs  # torch, which the other commands start without
    from .run import Diverged

    try:
        if args.what == "train":
            jobs.train(args.set, args.out, args.codec, args.preset, args.config, args.minutes, args.steps)
            print(f"wrote {args.out}; measure it: python -m training tokenizer eval {args.out} --set {args.set}")
        else:
            print(jobs.table(jobs.measure(args.run, args.set, args.splits, args.json)))
    except (ValueError, OSError, Diverged) as error:
        print(error, file=sys.stderr)
        return 2
    return 0
