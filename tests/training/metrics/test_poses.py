"""Recon, Vel and Dist of papers.md 6.5: by hand, on rows of every codec, and what must hold for any rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.motion.features.codec import CODECS
from training.metrics.poses import ENDS, key_distance, recon, velocity

properties = settings(max_examples=60, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32 - 1)


def clips(seed, count=3, width=5):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(rng.integers(6, 20), width)) for _ in range(count)]


def still(frames, *row):
    return np.tile(np.array(row, dtype=float), (frames, 1))


def test_recon_by_hand():
    generated, given_rows = still(10, 0.0, 0.0), still(4, 3.0, 4.0)
    assert recon([generated], [given_rows], "initial") == recon([generated], [given_rows], "last") == 5.0
    # two of four frames are right; then the mean with a clip that is right altogether
    half = given_rows.copy()
    half[:2] = 0.0
    assert recon([generated], [half], "initial") == 2.5
    assert recon([generated, generated], [half, generated], "last") == 1.25


@pytest.mark.parametrize("end", ENDS)
def test_only_the_given_end_counts(end):
    truth = clips(0, 1)[0][:6]
    generated = np.concatenate([truth, truth + 9.0] if end == "initial" else [truth - 9.0, truth])
    assert recon([generated], [truth], end) == 0.0 and velocity([generated], [truth], end) == 0.0
    other = "last" if end == "initial" else "initial"
    assert recon([generated], [truth], other) == pytest.approx(9.0 * np.sqrt(5))


def test_velocity_is_the_step_across_the_edge_of_the_block():
    truth = still(12, 0.0, 0.0)
    generated = truth.copy()
    generated[4:] += [3.0, 4.0]  # it jumps where the first block ends
    assert velocity([generated], [truth], "initial") == 5.0
    assert velocity([generated], [truth], "last") == 0.0
    assert recon([generated], [truth], "initial") == 0.0
    assert velocity([generated[::-1]], [truth], "last") == 5.0
    # where a whole clip is off by the same, its steps are not
    assert velocity([truth + 7.0], [truth], "initial") == 0.0
    assert velocity([generated, truth], [truth, truth], "initial") == 2.5
    assert velocity([generated], [truth], "initial", block=5) == 0.0


def test_a_block_of_one_frame():
    truth = still(3, 1.0)
    generated = np.array([[1.0], [1.0], [3.0]])
    assert recon([generated], [truth], "last", block=1) == 2.0
    assert velocity([generated], [truth], "last", block=1) == 2.0
    assert velocity([generated], [truth], "initial", block=1) == 0.0


def test_key_distance_by_hand():
    generated = np.arange(10.0)[:, None]
    key = np.array([[3.0], [4.0], [5.0], [6.0]])
    assert key_distance([generated], [[key]]) == 0.0
    # one off in each of 4 frames; the mean with the one before
    assert key_distance([generated], [[key + 7.0]]) == pytest.approx(np.sqrt(4 * 4.0**2))
    assert key_distance([generated], [[key, key + 7.0]]) == pytest.approx(4.0)
    # keys count alike, not clips; a clip without one does not count
    none = np.zeros((0, 4, 1))
    assert key_distance([generated] * 3, [[key, key, key], none, [key + 7.0]]) == pytest.approx(2.0)


@properties
@given(seeds)
def test_the_order_of_clips_does_not_count(seed):
    generated, given_rows = clips(seed), clips(seed + 1)
    keys = [rows[None, :4] for rows in given_rows]
    for end in ENDS:
        assert recon(generated[::-1], given_rows[::-1], end) == pytest.approx(recon(generated, given_rows, end))
        assert velocity(generated[::-1], given_rows[::-1], end) == pytest.approx(velocity(generated, given_rows, end))
    assert key_distance(generated[::-1], keys[::-1]) == pytest.approx(key_distance(generated, keys))


@properties
@given(seeds)
def test_the_ends_are_the_same_backwards(seed):
    generated, given_rows = clips(seed), clips(seed + 1)
    backwards = [[rows[::-1] for rows in each] for each in (generated, given_rows)]
    assert recon(*backwards, "last") == pytest.approx(recon(generated, given_rows, "initial"))
    assert velocity(*backwards, "last") == pytest.approx(velocity(generated, given_rows, "initial"))


@properties
@given(seeds, st.integers(1, 6))
def test_key_distance_is_the_smallest_over_all_starts(seed, block):
    (generated, other) = clips(seed, 2)
    key = other[:block]
    each = [np.linalg.norm(generated[s : s + block] - key) for s in range(len(generated) - block + 1)]
    assert key_distance([generated], [[key]]) == pytest.approx(min(each))


@pytest.mark.parametrize("name", CODECS)
def test_rows_of_every_codec(name, steady):
    codec = CODECS[name]
    kept, other = (codec.encode(steady(30, codec.fps, seed, codec.kind)) for seed in (0, 1))
    for end in ENDS:
        assert recon([kept], [kept], end) == velocity([kept], [kept], end) == 0.0
        assert recon([other], [kept], end) > 0.0 and velocity([other], [kept], end) > 0.0
    assert key_distance([kept], [[kept[10:14]]]) == 0.0 < key_distance([other], [[kept[10:14]]])


@pytest.mark.parametrize("metric", [recon, velocity])
def test_errors(metric):
    rows = still(6, 0.0, 0.0)
    for generated, given_rows, message in [
        ([], [], "one clip or more"),
        ([rows], [], "got 1 and 0"),
        ([rows[:3]], [rows], "generated rows must be"),
        ([rows], [rows[:3]], "given rows must be"),
        ([rows], [still(6, 0.0)], r"given rows must be \(T, 2\)"),
        ([rows[0]], [rows], r"got \(2,\)"),
        ([rows * np.nan], [rows], "generated rows must not contain NaN"),
        ([rows], [rows + np.inf], "given rows must not contain NaN"),
    ]:
        with pytest.raises(ValueError, match=message):
            metric(generated, given_rows, "initial")
    with pytest.raises(ValueError, match="initial or last, got 'first'"):
        metric([rows], [rows], "first")
    with pytest.raises(ValueError, match="1 frame or more, got 0"):
        metric([rows], [rows], "last", block=0)


def test_velocity_needs_a_row_beyond_the_block():
    with pytest.raises(ValueError, match="T >= 5"):
        velocity([still(6, 0.0)], [still(4, 0.0)], "initial")


def test_errors_of_keys():
    rows = still(6, 0.0, 0.0)
    for generated, keys, message in [
        ([], [], "one clip or more"),
        ([rows], [np.zeros((0, 4, 2))], "no key pose"),
        ([rows], [rows[:4]], r"\(K, block, D\)"),
        ([rows], [np.full((1, 4, 2), np.nan)], "finite"),
        ([rows], [np.zeros((1, 0, 2))], r"\(K, block, D\)"),
        ([rows], [np.zeros((1, 7, 2))], "T >= 7"),
        ([rows], [np.zeros((1, 4, 3))], r"\(T, 3\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            key_distance(generated, keys)
