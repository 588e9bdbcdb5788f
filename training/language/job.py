"""A stage's settings and data from files, for the command line."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

from accelerate import PartialState

from training.configs import made

from . import items, stage
from .alignment import Alignment
from .instruction import Instruction
from .motiongpt import MotionGPT
from .stage import Stage

STAGES = {"align": Alignment, "instruct": Instruction, "motiongpt": MotionGPT}


def train(args: argparse.Namespace) -> bool:
    """Train as the arguments say; returns whether the budget is used. ValueError or OSError for what is wrong with
    them or their files."""
    texts = []
    if args.texts is not None:
        texts = [line for line in args.texts.read_text(encoding="utf-8").splitlines() if line.strip()]
    val = items.read(args.val) if args.val is not None else []
    whole = stage.train(settings(args), items.read(args.items), args.out, val, texts, args.start)
    PartialState().destroy_process_group()
    return whole


def settings(args: argparse.Namespace) -> Stage:
    """The stage's defaults, over them the file's fields, over those what was typed."""
    try:
        config = made(STAGES[args.stage], read(args.config) if args.config is not None else {})
        typed = {name: getattr(args, name) for name in ("base", "revision", "minutes", "steps")}
        typed["sharded"] = True if args.distributed == "fsdp" else None
        return replace(config, **{name: value for name, value in typed.items() if value is not None})
    except ValueError as error:
        raise ValueError(f"{args.config}: {error}" if args.config is not None else str(error)) from error


def read(path: Path) -> dict:
    """The fields of a file of settings; ValueError where it is no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from error
