"""What is measured on the embeddings of texts and motions: FID, R-precision, MM-Dist, Diversity and MultiModality, by
the protocol of Guo et al. (papers.md 6.2).

The embeddings may come from any encoder; the papers' numbers need those of the T2M evaluator (512 numbers each), and
the mean and interval of 20 repeats (``mean_and_interval``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BATCH = 32
"""texts among which each motion's own must be found"""
TOP = (1, 2, 3)


@dataclass(frozen=True)
class Retrieval:
    """``precision``: for each of ``TOP``, the part of texts that have their own motion among so many nearest ones;
    ``distance``: the mean distance of a text and its motion, "MM-Dist"."""

    precision: dict[int, float]
    distance: float


def retrieval(texts, motions, batch: int = BATCH) -> Retrieval:
    """Embeddings (N, D) of texts and of their motions, row by row, compared within batches in the order given (shuffle
    them first); what does not fill a batch is left out. A tie counts against, or equal embeddings would all be found.
    """
    texts, motions = _checked("texts", texts), _checked("motions", motions)
    if texts.shape != motions.shape or len(texts) < batch or batch < 1:
        raise ValueError(
            f"texts and motions must be (N, D) alike, with N at least the batch of {batch}, "
            f"got {texts.shape} and {motions.shape}"
        )
    ranks, own = [], []
    for start in range(0, len(texts) - batch + 1, batch):
        rows = slice(start, start + batch)
        distances = np.linalg.norm(texts[rows, None] - motions[None, rows], axis=-1)  # text x motion
        own.append(np.diagonal(distances))
        ranks.append(np.sum(distances <= own[-1][:, None], axis=1))
    return Retrieval({top: float(np.mean(np.concatenate(ranks) <= top)) for top in TOP}, float(np.mean(own)))


def frechet_distance(real, generated) -> float:
    """ "FID": the Frechet distance between the Gaussians of two sets of embeddings (N, D) and (M, D), with their full
    covariances. Few embeddings make it too large; never compare it between sets of different sizes."""
    real, generated = _checked("real motions", real), _checked("generated motions", generated)
    if real.shape[1] != generated.shape[1] or min(len(real), len(generated)) < 2:
        raise ValueError(
            f"two sets of 2 or more embeddings of one width are needed, got {real.shape} and {generated.shape}"
        )
    away = real.mean(axis=0) - generated.mean(axis=0)
    a, b = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (real, generated))
    # tr sqrt(a b) is the sum of the singular values of sqrt(a) sqrt(b): no root of a matrix that is not symmetric, so
    # nothing complex, and covariances without full rank need no offset
    overlap = np.linalg.svd(square_root(a) @ square_root(b), compute_uv=False).sum()
    return max(0.0, float(away @ away + np.trace(a) + np.trace(b) - 2.0 * overlap))


def square_root(covariance) -> np.ndarray:
    """The symmetric square root of a symmetric positive semidefinite matrix (D, D); rounding's negative eigenvalues
    count as 0."""
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T


def diversity(motions, rng: np.random.Generator, pairs: int = 300) -> float:
    """The mean distance of ``pairs`` random pairs of embeddings (N, D), N >= ``pairs``: no embedding is first, nor
    second, of two pairs."""
    motions = _checked("motions", motions)
    first, second = _pairs(len(motions), pairs, rng)
    return float(np.linalg.norm(motions[first] - motions[second], axis=1).mean())


def multimodality(motions, rng: np.random.Generator, pairs: int = 10) -> float:
    """The mean distance of ``pairs`` random pairs of motions for the same text: embeddings (texts, samples, D), the
    same pairs of samples for every text. The protocol takes 100 texts with 30 samples each."""
    motions = _checked("motions", motions, 3)
    first, second = _pairs(motions.shape[1], pairs, rng)
    return float(np.linalg.norm(motions[:, first] - motions[:, second], axis=-1).mean())


def _pairs(count: int, pairs: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    if not 1 <= pairs <= count:
        raise ValueError(f"{pairs} pairs need as many embeddings or more, and there must be one pair; got {count}")
    return rng.choice(count, pairs, replace=False), rng.choice(count, pairs, replace=False)


def mean_and_interval(repeats) -> tuple[float, float]:
    """Of a metric measured anew so many times: its mean, and half the width of its 95 % confidence interval."""
    repeats = np.asarray(repeats, dtype=np.float64)
    if repeats.ndim != 1 or not len(repeats):
        raise ValueError(f"one number a repeat is needed, got {repeats.shape}")
    return float(repeats.mean()), float(1.96 * repeats.std() / np.sqrt(len(repeats)))


def _checked(what: str, embeddings, dimensions: int = 2) -> np.ndarray:
    """Embeddings as float64."""
    embeddings = np.asarray(embeddings, dtype=np.float64)
    if embeddings.ndim != dimensions or 0 in embeddings.shape:
        raise ValueError(f"embeddings of {what} must have {dimensions} dimensions, none empty, got {embeddings.shape}")
    if not np.isfinite(embeddings).all():
        raise ValueError(f"embeddings of {what} must not contain NaN or infinite numbers")
    return embeddings
