"""Prompt v1 as training sees it: sequences drawn from captioned codes, with what is dropped and replaced at random.

    <bos> [<len_k>] text <motion> [<len_k> unless given before] c1 .. ck </motion>

The loss counts only what follows <motion>. Length tokens and codes lie behind the text tokens in one vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from backend.models.language_model import LanguageModelConfig
from backend.systems.prompts import BOS, END_MOTION, MOTION, PAD

IGNORED = -100


@dataclass
class Dropping:
    """How a sequence is varied at random."""

    length: float = 0.2
    """share of samples whose length token the model must emit itself"""
    text: float = 0.1
    """share of samples without text, for guidance"""
    replace: tuple[float, float] = (0.1, 0.5)
    """range from which each sample's share of replaced input codes is drawn; targets stay true"""


NONE = Dropping(0.0, 0.0, (0.0, 0.0))


@dataclass
class Item:
    """A stretch of motion: its sentences as token ids, its code sequences (crops, time-warps), its sampling weight."""

    texts: list[list[int]]
    codes: list[np.ndarray]
    weight: float = 1.0


def items(records: list[dict], encode) -> list[Item]:
    """Records {"captions": [{"text", ..}], "codes": ids or a list of variants, "weight"} -> items; ``encode`` maps a
    text to token ids (once per distinct text)."""
    known: dict[str, list[int]] = {}
    out = []
    for record in records:
        codes = record["codes"]
        variants = codes if len(codes) and np.ndim(codes[0]) == 1 else [codes]
        texts = []
        for caption in record["captions"]:
            text = caption["text"]
            if text not in known:
                known[text] = encode(text)
            texts.append(known[text])
        out.append(Item(texts, [np.asarray(v, np.int64) for v in variants], float(record.get("weight", 1.0))))
    return out


class Sequences:
    """Builds token rows and their targets."""

    def __init__(self, config: LanguageModelConfig, dropping: Dropping):
        self.config, self.dropping = config, dropping

    def build(self, text: list[int], codes: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Inputs (n,) and targets (n,): the target of a place is the token that follows, or -100."""
        c, d = self.config, self.dropping
        codes = codes[: c.lengths]
        room = c.positions - len(codes) - 4
        text = [] if rng.random() < d.text else text[:room]
        length = [c.length_token(len(codes))]
        given = rng.random() >= d.length
        prompt = [BOS, *(length if given else []), *text, MOTION]
        answer = [*([] if given else length), *(codes + c.first_code), END_MOTION]
        truth = np.array(prompt + answer, np.int64)
        inputs = truth[:-1].copy()
        first = len(inputs) - len(codes)
        replaced = rng.random(len(codes)) < rng.uniform(*d.replace)
        inputs[first:][replaced] = c.first_code + rng.integers(0, c.codes, int(replaced.sum()))
        targets = truth[1:].copy()
        targets[: len(prompt) - 1] = IGNORED
        return inputs, targets

    def batch(self, rows: list[tuple[np.ndarray, np.ndarray]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Rows padded on the right: inputs and targets (B, L)."""
        longest = max(len(inputs) for inputs, _ in rows)
        inputs = np.full((len(rows), longest), PAD, np.int64)
        targets = np.full((len(rows), longest), IGNORED, np.int64)
        for i, (row, target) in enumerate(rows):
            inputs[i, : len(row)], targets[i, : len(row)] = row, target
        return torch.from_numpy(inputs), torch.from_numpy(targets)


class Sampler:
    """Endless batches of about ``tokens`` tokens, rows of like length together. ``place`` says how far it is; a sampler
    made with it goes on with the same batches."""

    def __init__(self, items: list[Item], sequences: Sequences, tokens: int, seed: int, place=(0, 0), pool: int = 1024):
        weights = np.array([item.weight for item in items], float)
        self.items, self.sequences, self.tokens, self.seed, self.pool = items, sequences, tokens, seed, pool
        self.chances = weights / weights.sum()
        self.place = tuple(place)
        """number of the pool, batches of it already given out"""
        self._batches = self._pool()

    def _pool(self) -> list[list[tuple[np.ndarray, np.ndarray]]]:
        rng = np.random.default_rng([self.seed, self.place[0]])
        rows = []
        for i in rng.choice(len(self.items), self.pool, p=self.chances):
            item = self.items[i]
            text = item.texts[rng.integers(len(item.texts))]
            rows.append(self.sequences.build(text, item.codes[rng.integers(len(item.codes))], rng))
        rows.sort(key=lambda row: len(row[0]))
        batches = [[]]
        for row in rows:
            if batches[-1] and (len(batches[-1]) + 1) * len(row[0]) > self.tokens:
                batches.append([])
            batches[-1].append(row)
        return [batches[k] for k in rng.permutation(len(batches))]

    def next(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Inputs and targets (B, L)."""
        pool, given = self.place
        if given == len(self._batches):
            self.place = pool, given = pool + 1, 0
            self._batches = self._pool()
        self.place = pool, given + 1
        return self.sequences.batch(self._batches[given])
