"""What a run tells while it goes on: lines of JSON, TensorBoard, and a bar for those who watch."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from accelerate import Accelerator
from tqdm import tqdm

from .config import LanguageTraining
from .growth import grown
from .keeping import Progress
from .rhythm import Rhythm

FILE = "log.jsonl"
TENSORBOARD = "tensorboard"


class Log:
    """Of the first process; the others are silent. ``opened`` says for how long it writes."""

    def __init__(self, out: Path, accelerator: Accelerator):
        self.out, self.accelerator = out, accelerator

    @contextlib.contextmanager
    def opened(self, config: LanguageTraining, progress: Progress) -> Iterator[None]:
        a, self._in_steps = self.accelerator, config.steps is not None
        self._rhythm = Rhythm(config.log_seconds, progress.elapsed)
        self._begin(progress)
        a.init_trackers(TENSORBOARD)
        total, unit = (config.steps, "steps") if self._in_steps else (config.minutes, "min")
        shown = "{percentage:3.0f}% |{bar}| {n:.1f} of {total:g} {unit} [{elapsed}, {remaining} left{postfix}]"
        # None: no bar where nobody watches, it would fill a file
        silent = None if a.is_main_process else True
        with tqdm(total=total, initial=self._done(progress), unit=unit, bar_format=shown, disable=silent) as self._bar:
            try:
                yield
            finally:
                for tracker in a.trackers:
                    tracker.finish()

    def _begin(self, progress: Progress) -> None:
        self._since, self._sums = replace(progress), [0.0] * 4

    def _done(self, progress: Progress) -> float:
        """Of the budget, in its unit."""
        return progress.step if self._in_steps else progress.elapsed / 60

    def step(
        self, progress: Progress, loss: float, right: float, targets: float, ids: float, rate: float
    ) -> str | None:
        """Take the sums of a step; now and then their means are written. Returns what is wrong with the loss, if
        anything is."""
        self._sums = [kept + new for kept, new in zip(self._sums, (loss, right, targets, ids), strict=True)]
        self._bar.update(self._done(progress) - self._bar.n)
        if not self._rhythm.due(progress.elapsed):
            return None
        loss, right, targets, ids = self._sums
        steps, seconds = progress.step - self._since.step, max(progress.elapsed - self._since.elapsed, 1e-9)
        mean, tokens = loss / targets, round(ids / seconds)
        self._begin(progress)
        self._bar.set_postfix_str(f"loss {mean:.3f}, {tokens} tokens/s")
        self.report(
            progress, loss=round(mean, 4), accuracy=round(right / targets, 4), tokens_s=tokens,
            steps_s=round(steps / seconds, 2), lr=float(f"{rate:.3g}"),
        )  # fmt: skip
        if grown(mean, progress.lowest):
            return f"the loss grew from {progress.lowest:g} to {mean:g}"
        progress.lowest = min(progress.lowest, mean)
        return None

    @property
    def mean(self) -> float:
        """Loss a target since the last line; infinite at its beginning."""
        loss, _, targets, _ = self._sums
        return loss / targets if targets else math.inf

    def report(self, progress: Progress, **values) -> None:
        """Numbers, or dictionaries of numbers or texts."""
        if not self.accelerator.is_main_process:
            return
        line = json.dumps({"step": progress.step, "minutes": round(progress.elapsed / 60, 2), **values})
        self._bar.write(line)
        with (self.out / FILE).open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        flat = {}
        for name, value in values.items():
            flat |= {f"{name}/{k}": v for k, v in value.items()} if isinstance(value, dict) else {name: value}
        self.accelerator.log(flat, step=progress.step)
