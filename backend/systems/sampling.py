"""Drawing answers token by token under a grammar."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engines.batching import in_parts
from ..models.config import checked
from ..protocol import LIMITS
from .grammars import Grammar


@dataclass(frozen=True)
class SamplingConfig:
    """How a bundle is sampled unless the request says otherwise; chosen on the validation split."""

    temperature: float = 0.9
    """0 = always the likeliest token"""
    top_k: int = 100
    """draw among so many likeliest; 0 = among all"""
    top_p: float = 1.0
    """draw among the likeliest that together have this chance"""
    guidance: float = 1.0
    """1 = the text as it is; more pulls away from what the model would do without text, which it must have been
    trained to do"""

    @classmethod
    def from_dict(cls, d: dict) -> SamplingConfig:
        """Fields that are absent have their defaults; ValueError names the field that does not fit."""
        bounds = {
            "temperature": (0.0, LIMITS.temperature),
            "top_k": (0, LIMITS.top_k),
            "top_p": (0.0, 1.0),
            "guidance": (0.0, LIMITS.guidance),
        }
        return cls(**checked(cls, d, bounds))


def draw(logits: np.ndarray, config: SamplingConfig, rngs: Sequence[np.random.Generator]) -> np.ndarray:
    """One index (B,) a row of ``logits`` (B, n), each by its own generator; -inf is never drawn."""
    if config.temperature == 0.0:
        return logits.argmax(-1)
    count = logits.shape[-1]
    kept = np.arange(count)[None]
    if 0 < config.top_k < count:
        kept = np.sort(np.argpartition(logits, count - config.top_k, axis=-1)[:, count - config.top_k :], axis=-1)
        logits = np.take_along_axis(logits, kept, axis=-1)
    # from the largest down, so that a temperature next to 0 leaves it finite
    with np.errstate(over="ignore"):
        scaled = (logits.astype(np.float64) - logits.max(-1, keepdims=True)) / config.temperature
    chances = np.exp(scaled)
    if config.top_p < 1.0:
        chances = _likeliest(chances, config.top_p)
    sums = chances.cumsum(-1)
    drawn = np.array([rng.random() for rng in rngs])
    places = (sums / sums[:, -1:] <= drawn[:, None]).sum(-1)
    return np.take_along_axis(np.broadcast_to(kept, logits.shape), places[:, None], axis=-1)[:, 0]


def _likeliest(chances: np.ndarray, top_p: float) -> np.ndarray:
    """The chances (B, n), those set to 0 that the likelier ones together make needless; one is always left."""
    order = np.argsort(-chances, axis=-1, kind="stable")
    ordered = np.take_along_axis(chances, order, axis=-1)
    before = ordered.cumsum(-1) - ordered
    ordered[:, 1:][before[:, 1:] >= top_p * ordered.sum(-1, keepdims=True)] = 0.0
    out = np.empty_like(chances)
    np.put_along_axis(out, order, ordered, axis=-1)
    return out


def answers(
    engine,
    prompts: Sequence[list[int]],
    grammar: Grammar | Sequence[Grammar],
    rngs: Sequence[np.random.Generator],
    config: SamplingConfig,
    tick: Callable[[float], None],
    unconditional: Sequence[list[int]] | None = None,
) -> list[Any]:
    """What ``grammar.read`` gives for each prompt; ``grammar``: one for all, or one a prompt with the same tokens.

    The same generator gives the same answer whatever runs beside it; the generators themselves are left as they are.
    ``unconditional``: each prompt without its text, for guidance. ``tick`` (fraction done) may raise between any two
    tokens. What does not fit into memory together runs in parts.
    """
    grammars = list(grammar) if isinstance(grammar, Sequence) else [grammar] * len(prompts)
    tokens = grammars[0].tokens
    if any(other is not grammars[0] and not np.array_equal(other.tokens, tokens) for other in grammars):
        raise ValueError("the grammars of answers that are drawn together need the same tokens")
    guided = config.guidance != 1.0 and unconditional is not None
    finished = 0

    def run(rows: list[int]) -> list[Any]:
        nonlocal finished
        asked = [prompts[i] for i in rows] + ([unconditional[i] for i in rows] if guided else [])
        batch = _Batch([grammars[i] for i in rows], [copy.deepcopy(rngs[i]) for i in rows])
        logits, memory = engine.start(asked, tokens, batch.most - 1)
        while True:
            if guided:
                logits = logits[len(rows) :] + config.guidance * (logits[: len(rows)] - logits[len(rows) :])
            drawn = batch.draw(logits, config)
            tick((finished + len(rows) * batch.fraction) / len(prompts))
            if batch.complete:
                break
            read = tokens[drawn]
            logits = engine.step(memory, np.concatenate([read, read]) if guided else read)
        finished += len(rows)
        return batch.read()

    return in_parts(run, list(range(len(prompts))))


class _Batch:
    """The answers that are drawn side by side."""

    def __init__(self, grammars: list[Grammar], rngs: list[np.random.Generator]):
        self.grammars, self.rngs = grammars, rngs
        self.states = [grammar.begin() for grammar in grammars]
        self.drawn: list[list[int]] = [[] for _ in grammars]
        self.most = max(grammar.most for grammar in grammars)
        self._all = np.ones(len(grammars[0].tokens), bool)
        self._steps = 0

    @property
    def complete(self) -> bool:
        return all(state is None for state in self.states)

    @property
    def fraction(self) -> float:
        left = [0 if state is None else g.left(state) for g, state in zip(self.grammars, self.states)]
        return self._steps / (self._steps + max(left))

    def draw(self, logits: np.ndarray, config: SamplingConfig) -> np.ndarray:
        """The next index (B,) of each answer; one that is complete goes on with anything."""
        masks = [self._all if state is None else g.allowed(state) for g, state in zip(self.grammars, self.states)]
        alike = all(mask is masks[0] for mask in masks)
        drawn = draw(np.where(masks[0] if alike else np.stack(masks), logits, -np.inf), config, self.rngs)
        for i, state in enumerate(self.states):
            if state is not None:
                self.drawn[i].append(int(drawn[i]))
                self.states[i] = self.grammars[i].after(state, drawn[i])
        self._steps += 1
        return drawn

    def read(self) -> list[Any]:
        return [grammar.read(indices) for grammar, indices in zip(self.grammars, self.drawn)]
