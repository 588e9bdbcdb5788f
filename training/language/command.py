"""`python -m training language ...`: train a language model on captioned codes. A stopped run goes on where it was.

    python -m training language align --items train.jsonl --val val.jsonl --out runs/language --minutes 45
    python -m training language instruct --start runs/language --items ... --val ... --out runs/instruct
    python -m training language motiongpt --base meta-llama/Llama-3.2-1B --items ... --val ... --out runs/motiongpt
    python -m training language align --base DIR --distributed fsdp --processes 4 ...

align      MotionGPT-2, stage 2: all tasks and plain text
instruct   MotionGPT-2, stage 3: all tasks in several wordings, from a run of stage 2
motiongpt  MotionGPT: codes in digits, the four conditions
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

STAGES = ("align", "instruct", "motiongpt")
CONFIGS = Path(__file__).with_name("configs")
DISTRIBUTED = ("one", "gpus", "fsdp")
INTERRUPTED = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = __doc__
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--items", type=Path, required=True, metavar="FILE", help="captioned codes, JSON lines")
    parser.add_argument("--val", type=Path, metavar="FILE", help="the same, to choose the best weights by")
    parser.add_argument(
        "--texts", type=Path, metavar="FILE", help="plain text, a line each, for its share; else captions"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the run; goes on where one was saved")
    parser.add_argument("--config", type=Path, metavar="FILE", help="JSON with fields of the stage's settings")
    parser.add_argument(
        "--base", metavar="ID_OR_DIR", help="a base of the Hugging Face hub that is here, or its folder"
    )
    parser.add_argument("--revision", help="of a base named by its id")
    parser.add_argument("--start", type=Path, metavar="RUN", help="begin with the weights of this run")
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument("--minutes", type=float, help="budget, instead of the settings'")
    budget.add_argument("--steps", type=int, help="budget, instead of the settings'")
    parser.add_argument(
        "--distributed", choices=DISTRIBUTED, default="one",
        help="one process; several with all weights each (gpus), or with a part each (fsdp, for 8-B bases)",
    )  # fmt: skip
    parser.add_argument("--processes", type=int, metavar="N", help="how many; default: one a GPU")


def main(args: argparse.Namespace) -> int:
    """The exit code: 0, 130 for a run that was asked to end, 2 where the input is wrong (one line on stderr)."""
    if args.distributed != "one" and "LOCAL_RANK" not in os.environ:
        return subprocess.run(launch(args)).returncode
    from training.run import Diverged

    from . import job
    from .room import OutOfMemory

    try:
        whole = job.train(args)
    except (ValueError, OSError, Diverged, OutOfMemory) as error:
        print(error, file=sys.stderr)
        return 2
    if not whole:
        print(f"stopped before its time; the same command goes on in {args.out}", file=sys.stderr)
    return 0 if whole else INTERRUPTED


def launch(args: argparse.Namespace) -> list[str]:
    """The command that starts this one again in several processes."""
    import torch  # which the other commands start without

    command = [sys.executable, "-m", "accelerate.commands.launch"]
    command += ["--config_file", str(CONFIGS / f"{args.distributed}.yaml")]
    command += ["--num_processes", str(args.processes or max(torch.cuda.device_count(), 1))]
    return [*command, "-m", "training", "language", *_again(args)]


def _again(args: argparse.Namespace) -> list[str]:
    """``args`` as they were typed."""
    out = [args.stage]
    for name, value in vars(args).items():
        if value is not None and name not in ("stage", "command"):
            out += [f"--{name}", str(value)]
    return out
