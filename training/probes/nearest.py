"""The baseline beside the model: the training clip whose caption is nearest to the prompt (TF-IDF cosine)."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np


class NearestCaption:
    """``entries``: [{"id", "sentences", ...}]. All sentences of all entries are compared."""

    def __init__(self, entries: list[dict]):
        self.entries = [e for e in entries if e["sentences"]]
        if not self.entries:
            raise ValueError(
                "there is no caption to compare a prompt with; build them with: python -m training data captions"
            )
        owners = [(i, s) for i, e in enumerate(self.entries) for s in dict.fromkeys(e["sentences"])]
        self.owners = np.array([i for i, _ in owners])
        found = [Counter(_tokens(s)) for _, s in owners]
        documents = Counter(t for c in found for t in c)
        self.vocabulary = {t: k for k, t in enumerate(sorted(documents))}
        self.idf = np.array([np.log((1 + len(found)) / (1 + documents[t])) + 1.0 for t in sorted(documents)])
        # few words a sentence: column indices and weights, one pair a sentence
        self.rows = [self._vector(c) for c in found]

    def _vector(self, counts: Counter) -> tuple[np.ndarray, np.ndarray]:
        known = [(self.vocabulary[t], n) for t, n in counts.items() if t in self.vocabulary]
        columns = np.array([k for k, _ in known], int)
        weights = np.array([n for _, n in known], float) * self.idf[columns]
        return columns, weights / max(float(np.linalg.norm(weights)), 1e-12)

    def find(self, text: str, most: int = 20) -> list[dict]:
        """The entries with the nearest sentence: all that tie, up to ``most``; the first ones when no word is known."""
        query = np.zeros(len(self.vocabulary))
        columns, weights = self._vector(Counter(_tokens(text)))
        query[columns] = weights
        scores = np.array([query[c] @ w for c, w in self.rows])
        best = np.flatnonzero(scores > scores.max() - 1e-9)
        return [self.entries[i] for i in dict.fromkeys(self.owners[best].tolist())][:most]


def _tokens(text: str) -> list[str]:
    words = re.findall(r"[a-z]+", text.lower())
    return words + [f"{a} {b}" for a, b in zip(words, words[1:])]
