"""A paper's setup from a captioned data set to a language run: motion tokenizer, captioned codes, the stages.

What is there is kept: delete its folder below ``--runs`` to do it again. Each stage is started by ``python -m training
language`` with a file of settings beside its run, so that it can be started on several GPUs, and again by hand.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from training import checkpoint, tokenizer, tokenizer_jobs
from training.coding import Coder
from training.data import coded_set
from training.data.store import open_set
from training.language import command, counted, items
from training.language.stage import Stage

from . import plan

MOTIONS = 23_384
"""HumanML3D's training split, for a plan without the data"""


@dataclass(frozen=True)
class PaperStage:
    """One stage. ``name``: of ``python -m training language``; ``samples`` a step; ``steps`` or ``epochs``."""

    name: str
    config: Stage
    samples: int
    steps: int | None = None
    epochs: int | None = None

    def settings(self, args: argparse.Namespace, motions: int) -> Stage:
        """As this run has them."""
        steps = self.steps or self.epochs * math.ceil(motions / self.samples)
        return replace(
            self.config, base=args.base, revision=args.revision, steps=args.steps or steps,
            samples=self.samples, accumulation=1, sharded=args.distributed == "fsdp",
        )  # fmt: skip


@dataclass(frozen=True)
class Setup:
    """``preset``: of ``python -m training tokenizer``; ``keys``: see ``coded_set.items_of``."""

    base: str
    preset: str
    keys: int
    stages: Sequence[PaperStage]


def main(setup: Setup, about: str, arguments: list[str] | None = None) -> int:
    """The exit code of the first stage that did not end well, 130 for one that was stopped."""
    args = _parsed(setup, about, arguments)
    if args.dry_run:
        motions = len(open_set(args.set).of("train")) if args.set else MOTIONS
        for stage in setup.stages:
            print(plan.told(stage.name, stage.settings(args, motions), motions, _processes(args)))
        return 0
    tokenizer_run = args.tokenizer or _train_tokenizer(args, setup.preset)
    coder = Coder(tokenizer.load_tokenizer(tokenizer_run))
    files = {split: _items(args, setup, coder, split) for split in ("train", "val")}
    motions, start = len(items.read(files["train"])), None
    for stage in setup.stages:
        config = replace(stage.settings(args, motions), streams=dict(coder.streams))
        code = 0 if _finished(args.runs / stage.name, config) else _run(args, stage.name, config, files, start)
        if code:
            return code
        start = args.runs / stage.name
    print(f"python -m training export --tokenizer {tokenizer_run} --language {start} --meta FILE --card FILE --out DIR")
    return 0


def _parsed(setup: Setup, about: str, arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", type=Path, help="data set with captions, see python -m training data build --help")
    parser.add_argument("--tokenizer", type=Path, metavar="RUN", help="a run or a bundle, instead of training one")
    parser.add_argument("--runs", type=Path, default=Path("runs") / "paper", help="folder of the runs")
    parser.add_argument("--base", default=setup.base, help="hub id of one that is here, or its folder")
    parser.add_argument("--revision", default="", help="of a base named by its id")
    parser.add_argument("--texts", type=Path, metavar="FILE", help="plain text, a line each; else captions")
    parser.add_argument("--steps", type=int, help="of every stage, to try the recipe out")
    parser.add_argument("--distributed", choices=command.DISTRIBUTED, default="one")
    parser.add_argument("--processes", type=int, metavar="N", help="default: one a GPU")
    parser.add_argument("--dry-run", action="store_true", help="print the plan alone; needs neither base nor data")
    args = parser.parse_args(arguments)
    if not (args.set or args.dry_run):
        parser.error("--set is needed: the recipe trains on a data set with captions")
    for stage in setup.stages:
        try:
            counted.check(stage.samples, _processes(args))
        except ValueError as error:
            parser.error(str(error))
    return args


def _processes(args: argparse.Namespace) -> int:
    return 1 if args.distributed == "one" else args.processes or max(torch.cuda.device_count(), 1)


def _train_tokenizer(args: argparse.Namespace, preset: str) -> Path:
    out = args.runs / "tokenizer"
    tokenizer_jobs.train(args.set, out, preset=preset, steps=args.steps)
    return out


def _items(args: argparse.Namespace, setup: Setup, coder: Coder, split: str) -> Path:
    """The file of a split's captioned codes."""
    path = args.runs / f"items_{split}.jsonl"
    if not path.exists():
        items.write(path, coded_set.items_of(open_set(args.set), split, coder, setup.keys))
    return path


def _finished(folder: Path, config: Stage) -> bool:
    """Whether a run used its steps: the base need not be loaded to find that out."""
    path = folder / checkpoint.META
    return path.is_file() and json.loads(path.read_text(encoding="utf-8"))["step"] >= config.steps


def _run(args: argparse.Namespace, name: str, config: Stage, files: dict[str, Path], start: Path | None) -> int:
    settings = args.runs / f"{name}.json"
    settings.write_text(json.dumps(asdict(config), indent=1) + "\n", encoding="utf-8")
    told = {
        "--items": files["train"], "--val": files["val"], "--config": settings, "--out": args.runs / name,
        "--texts": args.texts, "--start": start, "--distributed": args.distributed, "--processes": args.processes,
    }  # fmt: skip
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    typed = [str(part) for option, value in told.items() if value is not None for part in (option, value)]
    return command.main(parser.parse_args([name, *typed]))
