"""A run of a language model on one process or several: steps, measurements, samples and checkpoints in a budget."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F

from training import checkpoint
from training.precision import bfloat16
from training.run import Diverged

from . import distributed
from .averages import Averages
from .config import LanguageTraining
from .examples import IGNORED, Batch, Sampler
from .growth import grown
from .interruption import Interruption
from .keeping import Keeper
from .log import Log
from .rhythm import Rhythm

BEST = "best"
"""in a run's folder: the weights of the lowest validation loss"""


class LanguageTrainer:
    """Trains ``network`` (``models``), and goes on where the folder holds a run. ``sampler(place, rank, world)`` gives
    the batches. ``measure`` returns numbers of the averaged weights, the one to be lowest under "loss", and ``look``
    texts to read; both are called with the network in every process. ``about`` is kept beside the weights."""

    def __init__(
        self,
        config: LanguageTraining,
        network: torch.nn.Module,
        sampler: Callable[[tuple, int, int], Sampler],
        out: Path,
        measure: Callable[[torch.nn.Module], dict[str, float]] | None = None,
        look: Callable[[torch.nn.Module], dict[str, str]] | None = None,
        about: dict | None = None,
    ):
        self.config, self.out, self.network = config, Path(out), network
        self.measure, self.look = measure, look
        self.out.mkdir(parents=True, exist_ok=True)
        self.accelerator = a = distributed.joined(self.out)
        if a.device.type == "cpu":
            torch.set_num_threads(config.threads)
        self.half = bfloat16(config.precision, a.device)
        self.model = distributed.prepared(a, network, config.sharded and a.num_processes > 1, self.half)
        self.weights = [parameter for parameter in network.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(
            self.weights, lr=config.lr, betas=(0.9, 0.99), weight_decay=config.weight_decay, fused=True
        )
        self.averages = Averages(network, config.average)
        about = {"config": asdict(config), **(about or {})}
        self.keeper = Keeper(self.out, a, network, self.optimizer, self.averages, about)
        torch.manual_seed(config.seed + a.process_index)  # processes must not drop the same places
        self.progress, place = self.keeper.restore()
        self.sampler_at = partial(sampler, rank=a.process_index, world=a.num_processes)
        self.sampler = self.sampler_at(place)
        self.log, self.unsaved = Log(self.out, a), False

    @property
    def used(self) -> float:
        """Part of the budget that is used, 0 to 1."""
        c, p = self.config, self.progress
        return p.step / c.steps if c.steps is not None else p.elapsed / (60 * c.minutes)

    @property
    def finished(self) -> bool:
        return self.used >= 1 or 0 < self.config.patience <= self.progress.misses

    def autocast(self) -> contextlib.AbstractContextManager:
        return torch.autocast(self.accelerator.device.type, torch.bfloat16) if self.half else contextlib.nullcontext()

    def train(self, stop_after: int | None = None) -> bool:
        """Until the budget is used (then True), the process is asked to end, or ``stop_after`` more steps are done."""
        c, p, first = self.config, self.progress, self.progress.step
        periods = (c.checkpoint_minutes, c.evaluate_minutes, c.sample_minutes)
        save, measure, look = (Rhythm(60 * minutes, p.elapsed) for minutes in periods)
        self.model.train()
        with Interruption() as interruption, self.log.opened(c, p):
            asked = False
            while not (self.finished or asked or p.step - first == stop_after):
                asked = self.train_step(interruption.asked)
                self.unsaved |= save.due(p.elapsed)
                if measure.due(p.elapsed):
                    self.measure_and_log()
                if look.due(p.elapsed):
                    self.look_and_log()
            if self.finished:
                self.measure_and_log()
                self.look_and_log()
            self.save_proven()
        return self.finished

    def save(self) -> None:
        """The run as it is between two steps."""
        self.keeper.save(self.progress, self.sampler.place, checkpoint.random_state())
        self.unsaved = False

    def save_proven(self) -> None:
        """Save what the last step made, if the loss of the step after it says that it is sound; that step is not done.
        What is saved while the run goes on waits for its next step."""
        random, place = checkpoint.random_state(), self.sampler.place
        with torch.no_grad():
            batches = self.sampler_at(place).step(self.config.accumulation)
            losses = [self.loss(batch)[0] for batch in batches]
        checkpoint.restore_random_state(random)
        targets = sum(map(_targets, batches))
        loss, targets = distributed.sums(self.accelerator, float(sum(losses)), targets)
        if self.broken(loss / targets):
            raise self._diverged(f"after it the loss is {loss / targets:g}, the lowest was {self.lowest:g}", place)
        self.save()

    @property
    def lowest(self) -> float:
        """Training loss; before there is a line in the log, the mean of what there will be in it."""
        return min(self.progress.lowest, self.log.mean)

    def broken(self, loss: float) -> bool:
        """Whether the weights must not be kept, which gave this loss a target."""
        bad = sum(int(not torch.isfinite(weight).all()) for weight in self.averages.all_weights(self.network))
        (bad,) = distributed.sums(self.accelerator, bad)
        return bad > 0 or grown(loss, self.lowest)

    def train_step(self, asked: bool = False) -> bool:
        """One step of the optimiser. Returns whether any process was ``asked`` to end."""
        c, a, p, started = self.config, self.accelerator, self.progress, time.perf_counter()
        place, random = self.sampler.place, checkpoint.random_state()
        batches = self.sampler.step(c.accumulation)
        targets = sum(map(_targets, batches))
        targets, stopped = distributed.sums(a, targets, asked)
        rate = c.learning_rate(p.step, self.used)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss, right, norm = self._gradients(batches, targets)
        ids = sum(batch.ids.numel() for batch in batches)
        seconds = (time.perf_counter() - started) * a.is_main_process  # one clock for all
        loss, right, ids, seconds = distributed.sums(a, loss, right, ids, seconds)
        if not math.isfinite(loss + norm):
            raise self._diverged(f"the loss is {loss / targets:g}, the gradient's norm {norm:g}", place)
        if self.unsaved and not self.broken(loss / targets):  # else the log will say so, or a later step is sound
            self.keeper.save(p, place, random)
            self.unsaved = False
        self.optimizer.step()
        self.averages.update()
        p.step += 1
        p.elapsed += seconds
        wrong = self.log.step(p, loss, right, targets, ids, rate)
        if wrong is not None:
            raise self._diverged(wrong, place)
        return stopped > 0

    def _gradients(self, batches: list[Batch], targets: float) -> tuple[float, float, float]:
        """Gradients of the mean loss over the ``targets`` of all micro-batches and processes: every target weighs the
        same, wherever it stands. Returns this process's sums of loss and right answers, and the norm, clipped then."""
        a = self.accelerator
        found = torch.zeros(2, device=a.device)
        self.optimizer.zero_grad(set_to_none=True)
        for number, batch in enumerate(batches, 1):
            alone = number < len(batches)
            with a.no_sync(self.model) if alone else contextlib.nullcontext():
                loss, right = self.loss(batch)
                a.backward(loss * (a.num_processes / targets))  # processes are averaged
            found += torch.stack([loss.detach(), right])
        norm = float(a.clip_grad_norm_(self.weights, self.config.clip or math.inf))
        return *found.tolist(), norm

    def loss(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Summed over the batch's targets: cross-entropy, and how many are the likeliest token."""
        batch = batch.to(self.accelerator.device)
        wanted = batch.targets[batch.targets != IGNORED]
        with self.autocast():
            logits = self.model(batch)
        loss = F.cross_entropy(logits.float(), wanted, reduction="sum", label_smoothing=self.config.label_smoothing)
        return loss, (logits.detach().argmax(-1) == wanted).float().sum()

    def measure_and_log(self) -> None:
        """Measure, and keep the weights that are the best so far."""
        if self.measure is None:
            return
        p, measured = self.progress, self._with_averages(self.measure)
        self.log.report(p, validation=measured)
        # processes may differ in the last digits; the first decides
        (loss,) = distributed.sums(self.accelerator, measured["loss"] * self.accelerator.is_main_process)
        p.misses += 1
        if loss < p.best:
            p.best, p.misses = loss, 0
            self.keeper.save_weights(self.out / BEST, p, {"validation": measured})

    def look_and_log(self) -> None:
        if self.look is not None:
            self.log.report(self.progress, samples=self._with_averages(self.look))

    @torch.no_grad()
    def _with_averages(self, call: Callable[[torch.nn.Module], dict]) -> dict:
        """What ``call`` says of the averaged network. Numbers that it draws do not change the run."""
        random = checkpoint.random_state()
        self.network.eval()
        with self.averages.applied(), self.autocast():
            result = call(self.network)
        self.network.train()
        checkpoint.restore_random_state(random)
        return result

    def _diverged(self, what: str, place: tuple) -> Diverged:
        return Diverged(
            f"step {self.progress.step}, batch {place[1]} of pool {place[0]}: {what}. {self.out} keeps the last "
            f"checkpoint; run again with a lower 'lr' (it is {self.config.lr:g}) or 'clip' ({self.config.clip})"
        )


def _targets(batch: Batch) -> int:
    return int((batch.targets != IGNORED).sum())
