"""Metrics on embeddings: sets whose answer is known, and what must hold for any."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.metrics.embeddings import (
    diversity,
    frechet_distance,
    mean_and_interval,
    multimodality,
    retrieval,
    square_root,
)

properties = settings(max_examples=40, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32 - 1)


def turned(x, seed):
    """The embeddings in another orthonormal basis, moved."""
    rng = np.random.default_rng(seed)
    q, _ = np.linalg.qr(rng.normal(size=(x.shape[-1], x.shape[-1])))
    return x @ q + rng.normal(size=x.shape[-1])


def embeddings(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def test_every_text_finds_its_own():
    x = embeddings(0, 70, 8)
    found = retrieval(x, x)
    assert found.precision == {1: 1.0, 2: 1.0, 3: 1.0} and found.distance == 0.0
    away = retrieval(x + [3.0, 4.0, 0, 0, 0, 0, 0, 0], x)
    assert away.distance == pytest.approx(5.0)


def test_ranks_by_hand():
    texts, motions = np.array([[0.0], [10.0], [20.0], [30.0]]), np.array([[0.1], [20.0], [11.0], [5.0]])
    # own motions come 1st, 3rd (after 11 and 5), 2nd (after 20) and 4th
    found = retrieval(texts, motions, batch=4)
    assert found.precision == {1: 1 / 4, 2: 2 / 4, 3: 3 / 4}
    assert found.distance == pytest.approx((0.1 + 10.0 + 9.0 + 25.0) / 4)


def test_only_whole_batches_count_each_for_itself():
    texts = embeddings(1, 70, 6)
    motions = texts.copy()
    motions[64:] += 99.0
    assert retrieval(texts, motions).precision[1] == 1.0 and retrieval(texts, motions).distance == 0.0
    # the motion of another batch is nearer, but not looked at
    texts = np.concatenate([np.arange(32.0), np.arange(32.0)])[:, None]
    assert retrieval(texts, texts + 0.4).precision[1] == 1.0


def test_equal_embeddings_find_nothing():
    same = np.ones((32, 4))
    assert retrieval(same, same).precision == {1: 0.0, 2: 0.0, 3: 0.0}


def test_chance():
    found = retrieval(embeddings(2, 3200, 16), embeddings(3, 3200, 16))
    assert [found.precision[k] for k in (1, 2, 3)] == pytest.approx([1 / 32, 2 / 32, 3 / 32], abs=0.015)


@properties
@given(seeds)
def test_neither_batches_order_nor_basis_counts(seed):
    texts, motions = embeddings(seed, 2, 64, 5)
    found = retrieval(texts, motions)
    again = retrieval(*(turned(np.concatenate([x[32:], x[:32]]), seed) for x in (texts, motions)))
    assert again.precision == found.precision and again.distance == pytest.approx(found.distance)
    assert found.precision[1] <= found.precision[2] <= found.precision[3]


def spread(*deviations):
    """Embeddings whose mean is 0 and whose covariance is exactly that of those deviations."""
    x = np.concatenate([np.diag(deviations), -np.diag(deviations)])
    return x * np.sqrt((len(x) - 1) / 2.0)


def test_frechet_distance_by_hand():
    assert frechet_distance(spread(1.0, 2.0), spread(1.0, 2.0) + [3.0, 4.0]) == pytest.approx(25.0)
    # covariances with the same axes: the squared differences of the deviations
    assert frechet_distance(spread(1.0, 2.0, 5.0), spread(3.0, 2.0, 1.0)) == pytest.approx(2.0**2 + 4.0**2)
    assert frechet_distance(spread(1.0, 0.0), spread(0.0, 1.0)) == pytest.approx(2.0)
    assert frechet_distance([[0.0], [2.0]], [[5.0], [7.0]]) == pytest.approx(25.0)


def test_frechet_distance_with_other_axes():
    # two plane Gaussians, one turned by 45 degrees: tr sqrt(ab) = sqrt(tr(ab) + 2 sqrt(det ab))
    a, x = np.diag([4.0, 1.0]), spread(2.0, 1.0)
    q = np.array([[1.0, -1.0], [1.0, 1.0]]) / np.sqrt(2)
    b = q @ a @ q.T
    root = np.sqrt(np.trace(a @ b) + 2.0 * np.sqrt(np.linalg.det(a @ b)))
    assert frechet_distance(x, x @ q.T) == pytest.approx(2.0 * 5.0 - 2.0 * root)


@properties
@given(seeds, st.integers(2, 40), st.integers(1, 12))
def test_frechet_distance_of_any_sets(seed, count, width):
    # also with fewer embeddings than numbers in one, where covariances have no full rank
    x, y = embeddings(seed, 2, count, width)
    far = frechet_distance(x, y)
    assert np.isfinite(far) and far >= 0.0
    assert frechet_distance(x, x) == pytest.approx(0.0, abs=1e-9)
    assert frechet_distance(y, x) == pytest.approx(far, abs=1e-8)
    assert frechet_distance(x[::-1], y) == pytest.approx(far, abs=1e-8)
    assert frechet_distance(turned(x, seed), turned(y, seed)) == pytest.approx(far, abs=1e-7)
    assert frechet_distance(3.0 * x, 3.0 * y) == pytest.approx(9.0 * far, abs=1e-7)


def test_square_root_forgives_rounding():
    a = embeddings(4, 30, 3)
    covariance = a @ a.T  # of rank 3: rounding leaves 27 eigenvalues at either side of 0
    root = square_root(covariance)
    assert root @ root == pytest.approx(covariance, abs=1e-10) and root == pytest.approx(root.T, abs=1e-12)


def test_diversity_and_multimodality():
    rng = np.random.default_rng(0)
    assert diversity(np.ones((300, 4)), rng) == 0.0
    # of two motions both pairs are distinct or both the same: 0 or 5
    assert diversity([[0.0, 0.0], [3.0, 4.0]], rng, pairs=2) in (0.0, 5.0)
    normal = diversity(embeddings(5, 4000, 512), rng)
    assert normal == pytest.approx(np.sqrt(2 * 512), rel=0.02)
    # texts far apart do not count, only samples of one text
    samples = embeddings(6, 100, 30, 64) + 1000.0 * np.arange(100)[:, None, None]
    assert multimodality(samples, rng, 29) == pytest.approx(np.sqrt(2 * 64), rel=0.1)
    assert multimodality(np.ones((5, 10, 3)), rng) == 0.0


def test_random_pairs_are_those_of_the_seed():
    x = embeddings(7, 400, 8)
    first, again, other = (diversity(x, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_mean_and_interval():
    assert mean_and_interval([1.0, 3.0]) == pytest.approx((2.0, 1.96 / np.sqrt(2)))
    assert mean_and_interval([0.5] * 20) == (0.5, 0.0)
    with pytest.raises(ValueError, match="one number a repeat"):
        mean_and_interval([])


def test_errors():
    x, rng = embeddings(8, 40, 4), np.random.default_rng(0)
    nan = np.full_like(x, np.nan)
    for call, message in [
        (lambda: retrieval(x[:31], x[:31]), "at least the batch of 32"),
        (lambda: retrieval(x, x[:39]), "alike"),
        (lambda: retrieval(x[:0], x[:0]), "none empty"),
        (lambda: retrieval(nan, x), "texts must not contain NaN"),
        (lambda: retrieval(x, x, batch=0), "batch of 0"),
        (lambda: frechet_distance(x, x[:, :3]), "one width"),
        (lambda: frechet_distance(x[:1], x), "2 or more"),
        (lambda: frechet_distance(x, x[:0]), "none empty"),
        (lambda: frechet_distance(x, nan), "generated motions must not contain NaN"),
        (lambda: diversity(x, rng), "300 pairs need"),
        (lambda: diversity(x, rng, pairs=0), "0 pairs"),
        (lambda: diversity(x[0], rng, pairs=1), "2 dimensions"),
        (lambda: multimodality(x, rng), "3 dimensions"),
        (lambda: multimodality(x[None, :9], rng), "10 pairs need"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
