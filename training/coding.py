"""Motions to codes with a trained motion tokenizer: whole motions, and single poses as key poses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from backend.motion.motion import Motion
from backend.systems.key_poses import key_tokens
from backend.systems.vocabulary import FRAMES_PER_CODE
from training.language.items import UNKNOWN
from training.tokenizer_eval import Tokenizer, streams


def key_places(count: int, keys: int, rng: np.random.Generator) -> np.ndarray:
    """Of ``count`` codes the places whose poses are encoded by themselves: ``keys`` of any, the first and the last."""
    return np.unique([0, count - 1, *rng.choice(count, min(keys, count), replace=False)])


def poses_of(motion: Motion, places: np.ndarray, rng: np.random.Generator, start: int = 0) -> Motion:
    """One frame of each place, any of its frames: serving's keys come at any too. Place 0 begins at ``start``."""
    frames = start + FRAMES_PER_CODE * places + rng.integers(0, FRAMES_PER_CODE, len(places))
    return at(motion, np.minimum(frames, len(motion) - 1))


def keyed(count: int, places: np.ndarray, tokens: np.ndarray | None) -> np.ndarray | None:
    """``items.Variant.keys`` of ``count`` codes; None of a tokenizer without key tokens."""
    if tokens is None:
        return None
    keys = np.full(count, UNKNOWN)
    keys[places] = tokens
    return keys


def at(motion: Motion, frames: np.ndarray) -> Motion:
    """Some frames of a motion, in any order."""
    return replace(
        motion, root=motion.root[frames], rotations=motion.rotations[frames], contacts=motion.contacts[frames]
    )


class Coder:
    """A tokenizer as the language stages use it."""

    def __init__(self, tokenizer: Tokenizer):
        self._model, self._mean, self._std = tokenizer.model, tokenizer.mean, tokenizer.std
        self.codec = tokenizer.codec
        self.streams = tuple(zip(self._model.config.streams, [self._model.config.codes] * 2))
        """name and number of codes of each stream"""

    @torch.no_grad()
    def encode(self, features: np.ndarray) -> tuple[np.ndarray, ...]:
        """(B, T, D) -> codes (B, T // 4) of each stream."""
        length = features.shape[1] // FRAMES_PER_CODE * FRAMES_PER_CODE
        normalised = torch.from_numpy(((features[:, :length] - self._mean) / self._std).astype(np.float32))
        return tuple(codes.numpy() for codes in streams(self._model.encode(normalised)))

    def codes(self, features: list[np.ndarray]) -> list[dict[str, np.ndarray]]:
        """(T, D) of each motion -> its codes (T // 4,) by stream; one at a time, padding would leak into the last."""
        names = [name for name, _ in self.streams]
        return [dict(zip(names, (stream[0] for stream in self.encode(rows[None])))) for rows in features]

    def keys(self, poses: list[Motion]) -> list[np.ndarray | None]:
        """The key tokens (K,) of each Motion's frames; None of a tokenizer with more than one stream, which has no
        tasks with poses. All motions must be on one skeleton."""
        if len(self.streams) > 1:
            return [None] * len(poses)
        ends = np.cumsum([len(some) for some in poses])
        root, rotations, contacts = (
            np.concatenate([getattr(some, name) for some in poses]) for name in ("root", "rotations", "contacts")
        )
        every = replace(poses[0], root=root, rotations=rotations, contacts=contacts)
        (tokens,) = key_tokens(every, self.encode, self.codec)
        return np.split(tokens, ends[:-1])
