"""What a run leaves in its folder: all that it needs to go on exactly where it was, and the averaged weights."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from accelerate import Accelerator

from backend.motion.formats.text import write_bytes
from training import checkpoint

from . import distributed, sameness
from .averages import Averages


@dataclass
class Progress:
    """How far a run is."""

    step: int = 0
    elapsed: float = 0.0
    """seconds"""
    best: float = math.inf
    """lowest validation loss"""
    misses: int = 0
    """measurements since then"""
    lowest: float = math.inf
    """lowest training loss, see ``growth``"""


class Keeper:
    """Saves and restores a run of ``network`` in ``out``. ``about`` is written beside the weights. Every process must
    call; the first writes."""

    def __init__(
        self,
        out: Path,
        accelerator: Accelerator,
        network: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        averages: Averages,
        about: Mapping,
    ):
        self.out, self.accelerator, self.network, self.optimizer = out, accelerator, network, optimizer
        self.averages, self.about = averages, about

    def restore(self) -> tuple[Progress, tuple]:
        """Take the state of the run in the folder, where there is one; its progress and the place of the sampler.
        ValueError where the run is another one."""
        saved, a = checkpoint.load_trainer(self.out), self.accelerator
        if saved is None:
            return Progress(), (0, 0)
        self._check(saved)
        if self.averages.decay:
            # a run that begins to average now begins with the weights that it has
            distributed.load_weights(self.network, saved.get("average", saved["model"]))
            self.averages.follow()
        changed = self._changed(saved)
        progress = Progress(**saved["progress"])
        self.averages.steps = progress.step
        distributed.load_weights(self.network, saved["model"])
        distributed.load_optimizer_state(self.network, self.optimizer, saved["optimizer"])
        own = saved["processes"][a.process_index]
        checkpoint.restore_random_state(own["random"])
        a.print(f"resumed at step {progress.step}, {progress.elapsed / 60:.1f} min", flush=True)
        pool, given = own["place"]
        if not changed:
            return progress, (pool, given)
        if a.is_main_process:
            print(f"{self.out} goes on with other data or batches: {changed}", file=sys.stderr)
        return progress, (pool + 1, 0)  # the pool that was begun is another one now

    def _check(self, saved: Mapping) -> None:
        before, now, processes = saved["network"], self.network.identity, len(saved["processes"])
        if before != now:
            other = [name for name in {**before, **now} if before.get(name) != now.get(name)]
            what = "; ".join(f"{name} was {before.get(name)}, now it is {now.get(name)}" for name in other)
            raise ValueError(f"{self.out} holds a run of another network ({what}): name another folder with --out")
        words = sameness.differences(saved.get("about", {}).get("words", {}), sameness.kept(self.about)["words"])
        if words:
            raise ValueError(
                f"{self.out} holds a run that was asked in other words ({words}): take those, or name another folder "
                "with --out"
            )
        if processes != self.accelerator.num_processes:
            raise ValueError(
                f"{self.out} was saved by {processes} processes, now there are {self.accelerator.num_processes}: "
                "start as many with --processes, or name another folder with --out"
            )

    def _changed(self, saved: Mapping) -> str:
        return sameness.differences(saved.get("about", {}).get("drawn", {}), sameness.kept(self.about)["drawn"])

    def save(self, progress: Progress, place: tuple, random: Mapping) -> None:
        """The run's state, then its weights; a kill in between leaves both readable. ``random``: of the generators when
        the sampler was at ``place``."""
        own = {"random": random, "place": list(place)}
        state = {
            "about": sameness.kept(self.about),
            "network": self.network.identity, "progress": asdict(progress), "processes": distributed.gathered(own),
            "model": distributed.weights(self.network),
            "optimizer": distributed.optimizer_state(self.network, self.optimizer),
        }  # fmt: skip
        if self.averages.decay:
            with self.averages.applied():
                state["average"] = distributed.weights(self.network)
        if self.accelerator.is_main_process:
            checkpoint.save_trainer(self.out, state)
        self.save_weights(self.out, progress, {})

    def save_weights(self, folder: Path, progress: Progress, more: Mapping) -> None:
        """The averaged weights; ``more`` is written beside them."""
        with self.averages.applied():
            tensors = distributed.weights(self.network)
        if self.accelerator.is_main_process:
            meta = {
                **self.about, "network": self.network.identity, "base": self.network.base, "step": progress.step,
                "minutes": progress.elapsed / 60, **more,
            }  # fmt: skip
            checkpoint.save_weights(folder, self.network.named(tensors), meta)
            for name, data in self.network.settings.items():
                write_bytes(folder / name, data)
        self.accelerator.wait_for_everyone()
