"""Errors of joint positions: known values, and what each of them must not see."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.motion import rotations as rot
from training.metrics.reconstruction import acceleration_errors, fitted, fitted_errors, joint_errors, usage

SEEDS = st.integers(0, 2**32 - 1)


def positions(seed: int, frames=5, joints=22) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(frames, joints, 3))


def test_errors_of_a_body_that_is_moved():
    truth = positions(0)
    found = truth + [0.003, 0.004, 0.0]
    np.testing.assert_allclose(joint_errors(found, truth), 5.0)
    np.testing.assert_allclose(joint_errors(found, truth, root=0), 0.0, atol=1e-9)
    np.testing.assert_allclose(fitted_errors(found, truth), 0.0, atol=1e-9)
    np.testing.assert_allclose(acceleration_errors(found, truth), 0.0, atol=1e-9)
    one = truth.copy()
    one[:, 3, 1] += 0.022
    assert joint_errors(one, truth, root=0).mean() == pytest.approx(1.0)  # 22 mm of one of 22 joints
    assert joint_errors(one, truth, root=3)[0].tolist() == pytest.approx([22.0] * 3 + [0.0] + [22.0] * 18)


def test_the_error_of_accelerations_is_a_second_difference():
    truth = np.zeros((6, 2, 3))
    found = truth.copy()
    found[:, 1, 0] = 0.001 * np.arange(6) ** 2
    assert acceleration_errors(found, truth).tolist() == [[0.0, pytest.approx(2.0)]] * 4
    found[:, 1, 0] = 0.001 * np.arange(6)  # a speed is none
    np.testing.assert_allclose(acceleration_errors(found, truth), 0.0, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_fitting_undoes_any_turn_size_and_place_of_each_frame(seed):
    random, truth = np.random.default_rng(seed), positions(seed)
    turns = rot.normalize(random.normal(size=(5, 1, 4)))
    sizes, places = random.uniform(0.2, 3.0, (5, 1, 1)), random.normal(size=(5, 1, 3))
    found = sizes * rot.rotate(turns, truth) + places
    np.testing.assert_allclose(fitted(found, truth), truth, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(SEEDS, SEEDS)
def test_no_similarity_fits_better_and_fitting_never_mirrors(seed, other):
    truth, found = positions(seed), positions(other)
    best = np.square(fitted(found, truth) - truth).sum(axis=(1, 2))
    random = np.random.default_rng(other)
    for _ in range(10):
        turn, size = rot.normalize(random.normal(size=(5, 1, 4))), random.uniform(0.0, 1.0, (5, 1, 1))
        tried = size * rot.rotate(turn, found - found.mean(axis=1, keepdims=True)) + truth.mean(axis=1, keepdims=True)
        assert (best <= np.square(tried - truth).sum(axis=(1, 2)) + 1e-9).all()
    mirrored = truth * [-1.0, 1.0, 1.0]
    assert (fitted_errors(mirrored, truth).mean(axis=1) > 1.0).all()


def test_frames_are_fitted_each_for_itself():
    truth, found = positions(1), positions(2)
    np.testing.assert_allclose(fitted(found, truth)[2:3], fitted(found[2:3], truth[2:3]), atol=1e-12)


def test_a_body_in_one_point_is_no_number_problem():
    truth = positions(3)
    found = fitted(np.zeros_like(truth), truth)
    np.testing.assert_allclose(found, np.broadcast_to(truth.mean(axis=1, keepdims=True), truth.shape), atol=1e-9)


@pytest.mark.parametrize("shape", [(5, 21, 3), (5, 22, 2), (22, 3), (0, 22, 3)])
@pytest.mark.parametrize("measure", [joint_errors, fitted_errors, acceleration_errors, fitted])
def test_positions_of_two_shapes_are_refused(measure, shape):
    with pytest.raises(ValueError, match="two of one shape"):
        measure(np.zeros(shape), np.zeros((0, 22, 3) if shape[0] == 0 else (5, 22, 3)))


def test_use_of_the_codes():
    assert usage([5, 5, 5, 5]) == {"codes": 4, "used": 4, "perplexity": pytest.approx(4.0)}
    assert usage([7, 0, 0]) == {"codes": 3, "used": 1, "perplexity": pytest.approx(1.0)}
    half = usage([3, 1, 0])
    assert half["used"] == 2 and half["perplexity"] == pytest.approx(2 ** (0.75 * np.log2(4 / 3) + 0.25 * 2))
    assert usage([0, 0]) == {"codes": 2, "used": 0, "perplexity": 0.0}
