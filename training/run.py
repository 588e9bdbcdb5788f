"""A training run under a budget of minutes or steps: schedule, log, checkpoints, and going on after a kill."""

from __future__ import annotations

import contextlib
import json
import math
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import torch

from training import checkpoint
from training.bounds import check
from training.precision import PRECISIONS, bfloat16

SCHEDULES = ("cosine", "constant")


class Diverged(RuntimeError):
    """The loss is no number any more, or has grown tenfold; the last checkpoint from before is kept."""


@dataclass
class RunConfig:
    """What every stage has."""

    minutes: float = 45.0
    """time budget; the learning rate follows the part of it that is used"""
    steps: int | None = None
    """budget in steps instead of minutes (a run of given steps repeats exactly)"""
    lr: float = 4e-4
    final_lr: float = 0.01
    """of the peak, at the end of the cosine or from ``drop`` on"""
    schedule: str = "cosine"
    """cosine or constant, after the warm-up"""
    drop: float = 1.0
    """part of the budget after which a constant learning rate falls in one step"""
    warmup: float = 0.02
    """part of the budget; from 1 on: steps"""
    weight_decay: float = 1e-4
    clip: float | None = 1.0
    """largest norm of the gradient; None: any"""
    average: float = 0.999
    """decay of the averaged weights, which are what is measured and exported"""
    precision: str = "auto"
    """bf16 (autocast), fp32, or auto: bf16 where the device computes with it"""
    checkpoint_minutes: float = 3.0
    evaluate_minutes: float = 10.0
    log_seconds: float = 20.0
    seed: int = 1
    threads: int = 2
    """on a CPU"""

    def __post_init__(self):
        for name, known in (("precision", PRECISIONS), ("schedule", SCHEDULES)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name!r} must be one of {', '.join(known)}, got {getattr(self, name)!r}")
        for name in ("minutes", "lr"):
            check(name, getattr(self, name), above=True)
        for name in (
            "final_lr", "warmup", "weight_decay", "checkpoint_minutes", "evaluate_minutes", "log_seconds", "seed",
        ):  # fmt: skip
            check(name, getattr(self, name))
        check("drop", self.drop, high=1)
        check("average", self.average, high=1, below=True)
        check("threads", self.threads, 1)
        if self.steps is not None:
            check("steps", self.steps, 1)
        if self.clip is not None:
            check("clip", self.clip, above=True)

    def learning_rate(self, step: int, used: float) -> float:
        """Of step ``step`` (from 0) when the part ``used`` of the budget, 0 to 1, is used."""
        in_steps = self.warmup >= 1
        done, whole = (step + 1, self.warmup) if in_steps else (used, self.warmup)
        if done < whole:
            return self.lr * max(done / whole, 0.01)
        if self.schedule == "constant":
            return self.lr * (self.final_lr if used >= self.drop else 1.0)
        start = whole if not in_steps else 0.0  # how much of a budget in minutes some steps are is not known
        if in_steps and self.steps is not None:
            start = (whole - 1) / self.steps
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, (used - start) / (1 - start))))
        return self.lr * (self.final_lr + (1 - self.final_lr) * cosine)


class Run(ABC):
    """One run: model, optimiser, averages and their state on disk. A stage says what a step and a measurement are."""

    def __init__(self, config: RunConfig, out_dir: Path):
        self.config, self.out = config, Path(out_dir)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        if self.device.type == "cpu":
            torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        self.step, self.elapsed, self.finished = 0, 0.0, False

    def start(self, model: torch.nn.Module, saved: dict | None) -> None:
        """Take the model and, where a run was saved, its state."""
        self.model = model.to(self.device)
        c = self.config
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=c.lr, betas=(0.9, 0.99), weight_decay=c.weight_decay, fused=True
        )
        self.average = checkpoint.AveragedWeights(self.model, c.average)
        if saved is None:
            return
        self.model.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.average.load_state_dict(saved["average"])
        self.step, self.elapsed = saved["step"], saved["elapsed"]
        self.restore(saved)
        checkpoint.restore_random_state(saved["random"])
        print(f"resumed at step {self.step}, {self.elapsed / 60:.1f} min", flush=True)

    @abstractmethod
    def losses(self) -> dict[str, torch.Tensor]:
        """Draw a batch; the terms to log, with the one to minimise under "loss"."""

    @abstractmethod
    def measure(self) -> dict | None:
        """Numbers of the averaged weights on the validation set, or None where there is none."""

    def state(self) -> dict:
        """What a stage adds to the checkpoint; ``restore`` takes it back."""
        return {}

    def restore(self, saved: dict) -> None:  # noqa: B027 (a stage without state of its own needs none)
        pass

    @abstractmethod
    def weights(self) -> tuple[dict[str, torch.Tensor], dict]:
        """Averaged tensors and meta data for evaluation and export."""

    def save(self) -> None:
        state = {
            "model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(),
            "average": self.average.state_dict(), "step": self.step, "elapsed": self.elapsed,
            "random": checkpoint.random_state(),
        }  # fmt: skip
        checkpoint.save_trainer(self.out, state | self.state())
        checkpoint.save_weights(self.out, *self.weights())

    @property
    def used(self) -> float:
        """Part of the budget that is used, 0 to 1."""
        if self.config.steps is not None:
            return self.step / self.config.steps
        return self.elapsed / (60 * self.config.minutes)

    def learning_rate(self) -> float:
        return self.config.learning_rate(self.step, self.used)

    def autocast(self):
        if not bfloat16(self.config.precision, self.device):
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    def train_step(self) -> dict[str, torch.Tensor]:
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate()
        losses = self.losses()
        self.optimizer.zero_grad(set_to_none=True)
        losses["loss"].backward()
        if self.config.clip is not None:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip)
        self.optimizer.step()
        self.average.update(self.model)
        self.step += 1
        return {k: v.detach() for k, v in losses.items()}

    def report(self, **values) -> None:
        line = {"step": self.step, "minutes": round(self.elapsed / 60, 2), **values}
        print(json.dumps(line), flush=True)
        with (self.out / "log.jsonl").open("a", encoding="utf-8") as f:
            f.write(json.dumps(line) + "\n")

    def measure_and_report(self) -> None:
        random = checkpoint.random_state()  # building the averaged model draws numbers that a resumed run would miss
        measured = self.measure()
        checkpoint.restore_random_state(random)
        if measured is not None:
            self.report(validation=measured)

    def train(self, stop_after: int | None = None) -> None:
        """Until the budget is used, the stage says ``finished``, or (for tests) ``stop_after`` more steps are done."""
        c = self.config
        self.out.mkdir(parents=True, exist_ok=True)
        self.model.train()
        last = time.perf_counter()
        saved = logged = measured = self.elapsed
        first = logged_step = self.step
        sums: dict[str, float] = {}
        lowest = math.inf
        while self.used < 1 and not self.finished and (stop_after is None or self.step - first < stop_after):
            for name, value in self.train_step().items():
                sums[name] = sums.get(name, 0.0) + float(value)
            if not math.isfinite(sums["loss"]):
                raise Diverged(self.advice("the loss is not a number"))
            now = time.perf_counter()
            self.elapsed += now - last
            last = now
            if self.elapsed - logged >= c.log_seconds:
                count = self.step - logged_step
                rate = round(count / (self.elapsed - logged), 2)
                means = {k: round(v / count, 4) for k, v in sums.items()}
                self.report(**means, **self.extra(), steps_s=rate, lr=float(f"{self.learning_rate():.3g}"))
                lowest = min(lowest, means["loss"])
                if means["loss"] > 10 * lowest:
                    raise Diverged(self.advice(f"the loss grew from {lowest:g} to {means['loss']:g}"))
                logged, logged_step, sums = self.elapsed, self.step, {}
            if self.elapsed - saved >= 60 * c.checkpoint_minutes:
                self.save()
                saved = self.elapsed
            if self.elapsed - measured >= 60 * c.evaluate_minutes:
                self.measure_and_report()
                measured = self.elapsed
                last = time.perf_counter()  # measuring does not use the budget
        self.measure_and_report()
        self.save()

    def advice(self, what: str) -> str:
        return f"step {self.step}: {what}. The last checkpoint is kept in {self.out}; lower lr and run again to go on"

    def extra(self) -> dict:
        """More to log beside the losses."""
        return {}
