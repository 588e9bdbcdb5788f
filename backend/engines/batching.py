"""Prompts of several takes as one batch: what all engines begin with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .choosing import EngineError


class OutOfMemory(EngineError):
    """So much does not fit into memory: what was wanted, what there is, what would fit."""


def distinct(prompts: list[list[int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tokens (D, L) of the D different prompts, padded on the left, the place (D, L) of each, -1 where it is padding,
    and for every prompt its row (B,) among them: takes of one prompt are rows that repeat. ValueError for nothing to
    read."""
    if not prompts or not all(prompts):
        raise ValueError("every prompt needs at least one token, and there must be one prompt")
    rows = {prompt: row for row, prompt in enumerate(dict.fromkeys(map(tuple, prompts)))}
    longest = max(map(len, rows))
    tokens, places = np.zeros((len(rows), longest), np.int64), np.full((len(rows), longest), -1)
    for prompt, row in rows.items():
        tokens[row, longest - len(prompt) :] = prompt
        places[row, longest - len(prompt) :] = np.arange(len(prompt))
    return tokens, places, np.array([rows[tuple(p)] for p in prompts])


def check_tokens(tokens: np.ndarray, size: int) -> None:
    """ValueError unless all are tokens of a vocabulary of ``size``. A GPU would not say so: it stops the process."""
    if tokens.min() < 0 or tokens.max() >= size:
        raise ValueError(f"the model has the tokens 0 to {size - 1}, got {tokens.min()} to {tokens.max()}")


def check_allowed(allowed: Sequence[int], size: int) -> None:
    """ValueError unless ``allowed`` are one or more different tokens of a vocabulary of ``size``."""
    given = np.asarray(allowed, np.int64)
    if not given.size or len(np.unique(given)) != len(given) or given.min() < 0 or given.max() >= size:
        raise ValueError(f"the allowed tokens must be one or more different ids from 0 to {size - 1}")


def check_length(prompt: int, steps: int, longest: float) -> None:
    """ValueError unless a prompt of so many tokens and ``steps`` more are at most ``longest``."""
    if steps < 0 or prompt + steps > longest:
        raise ValueError(
            f"a prompt of {prompt} tokens and {steps} more were asked for, {longest} is the most that the model holds: "
            "shorten the prompt or the answer"
        )


def neighbours(allowed: Sequence[int]) -> slice | None:
    """The slice that takes the rows ``allowed`` without a copy, or None where they are not one after the other."""
    first, count = int(allowed[0]), len(allowed)
    return slice(first, first + count) if np.array_equal(allowed, np.arange(first, first + count)) else None


def too_many(rows: int, places: int, where: str) -> OutOfMemory:
    """For a start that failed."""
    return OutOfMemory(f"{rows} answers of {places} tokens at a time do not fit into {where}; ask for fewer takes")


def in_parts(run: Callable[[list[int]], list], rows: list[int]) -> list:
    """``run(rows)``, a list with the answer of each row; where all do not fit into memory, half of them at a time.
    Rows must not depend on one another. OutOfMemory where not even one fits."""
    try:
        return run(rows)
    except OutOfMemory:
        if len(rows) == 1:
            raise
    half = -(-len(rows) // 2)
    return in_parts(run, rows[:half]) + in_parts(run, rows[half:])
