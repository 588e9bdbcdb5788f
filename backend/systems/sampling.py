"""Drawing motion codes under the grammar: only a legal answer can come out, so none is ever parsed with a hope."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..models.config import checked
from ..protocol import LIMITS
from .prompts import MAX_CODES, Vocabulary, prompt


@dataclass(frozen=True)
class SamplingConfig:
    """How a bundle is sampled unless the request says otherwise; chosen on the validation split."""

    temperature: float = 0.9
    """0 = always the likeliest code"""
    top_k: int = 100
    guidance: float = 2.0
    """1 = the text as it is; more pulls away from what the model would do without text"""

    @classmethod
    def from_dict(cls, d: dict) -> SamplingConfig:
        """Fields that are absent have their defaults; ValueError names the field that does not fit."""
        bounds = {"temperature": (0.0, LIMITS.temperature), "guidance": (0.0, LIMITS.guidance), "top_k": (0, 2**17)}
        return cls(**checked(cls, d, bounds))


def draw(logits: np.ndarray, config: SamplingConfig, rngs: list[np.random.Generator]) -> np.ndarray:
    """One index (B,) a row of ``logits`` (B, n), each by its own generator."""
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
    sums = np.exp(scaled).cumsum(-1)
    drawn = np.array([rng.random() for rng in rngs])
    places = (sums / sums[:, -1:] <= drawn[:, None]).sum(-1)
    return np.take_along_axis(np.broadcast_to(kept, logits.shape), places[:, None], axis=-1)[:, 0]


def sample(
    engine,
    vocabulary: Vocabulary,
    text_ids: list[int],
    codes: int | None,
    rngs: list[np.random.Generator],
    config: SamplingConfig,
    tick: Callable[[float], None],
) -> list[np.ndarray]:
    """One code sequence a generator in ``rngs``, each of exactly ``codes`` codes, or of the length the model draws.

    The same generator gives the same sequence however many others run beside it. ``tick`` (fraction done) may raise.
    """
    takes = len(rngs)
    guided = config.guidance != 1.0 and bool(text_ids)
    rows = [prompt(vocabulary, text_ids, codes)] * takes
    if guided:
        rows = rows + [prompt(vocabulary, [], codes)] * takes
    logits, state = engine.start(rows)

    def steered(values: np.ndarray, part: slice) -> np.ndarray:
        values = np.ascontiguousarray(values[:, part])
        return values[takes:] + config.guidance * (values[:takes] - values[takes:]) if guided else values

    def step(tokens: np.ndarray):
        return engine.step(state, np.concatenate([tokens, tokens]) if guided else tokens)

    if codes is None:
        lengths = draw(steered(logits, vocabulary.lengths), config, rngs) + 1
        logits = step(np.array([vocabulary.length(n) for n in lengths]))
    else:
        lengths = np.full(takes, codes)
    if not 1 <= lengths.max() <= MAX_CODES:
        raise ValueError(f"between 1 and {MAX_CODES} motion codes can be made, got {lengths.max()}")
    out = np.zeros((takes, int(lengths.max())), dtype=np.int64)
    for k in range(out.shape[1]):
        out[:, k] = draw(steered(logits, vocabulary.motion), config, rngs)
        tick((k + 1) / out.shape[1])
        if k + 1 < out.shape[1]:
            logits = step(out[:, k] + vocabulary.motion.start)
    return [row[:n] for row, n in zip(out, lengths)]
