"""Prompts of several takes as one batch: what both engines begin with."""

from __future__ import annotations

import numpy as np

from ..systems.prompts import PAD


def distinct(prompts: list[list[int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tokens (D, L) of the D different prompts, padded on the left, the place (D, L) of each, -1 where it is padding,
    and for every prompt its row (B,) among them: takes of one prompt are rows that repeat. ValueError for nothing to
    read."""
    if not prompts or not all(prompts):
        raise ValueError("every prompt needs at least one token, and there must be one prompt")
    rows = {prompt: row for row, prompt in enumerate(dict.fromkeys(map(tuple, prompts)))}
    longest = max(map(len, rows))
    tokens, places = np.full((len(rows), longest), PAD), np.full((len(rows), longest), -1)
    for prompt, row in rows.items():
        tokens[row, longest - len(prompt) :] = prompt
        places[row, longest - len(prompt) :] = np.arange(len(prompt))
    return tokens, places, np.array([rows[tuple(p)] for p in prompts])
