"""Rotation maths: round trips and identities on random rotations."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from backend.motion import rotations as rot

ORDERS = ("XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")
settings.register_profile("motion", max_examples=60, deadline=None)
settings.load_profile("motion")

number = st.floats(-1.0, 1.0, allow_nan=False, width=32)
vectors = arrays(np.float64, (5, 3), elements=number)
quaternions = (
    arrays(np.float64, (5, 4), elements=number)
    .filter(lambda q: np.linalg.norm(q, axis=-1).min() > 0.1)
    .map(rot.normalize)
)


def same_rotation(a, b, tolerance=1e-7):
    assert rot.angle_between(a, b).max() < tolerance


@given(quaternions)
def test_matrix_round_trip(q):
    same_rotation(rot.from_matrix(rot.to_matrix(q)), q)
    m = rot.to_matrix(q)
    assert np.allclose(m @ np.swapaxes(m, -1, -2), np.eye(3), atol=1e-12)
    assert np.allclose(np.linalg.det(m), 1.0)


@given(quaternions)
def test_six_d_round_trip(q):
    same_rotation(rot.from_six_d(rot.to_six_d(q)), q)


@given(quaternions, st.floats(0.2, 5.0), st.floats(-0.5, 0.5))
def test_six_d_survives_scale_and_skew(q, scale, skew):
    d = rot.to_six_d(q)
    bent = np.concatenate([d[..., :3] * scale, d[..., 3:] + skew * d[..., :3]], axis=-1)
    same_rotation(rot.from_six_d(bent), q)


def test_six_d_is_the_first_two_columns():
    quarter = rot.from_axis_angle(np.array([0.0, 0, 1]), np.array(np.pi / 2))
    assert np.allclose(rot.to_six_d(quarter), [0, 1, 0, -1, 0, 0])


@given(quaternions)
def test_exp_log_round_trip(q):
    assert np.linalg.norm(rot.log(q), axis=-1).max() <= np.pi + 1e-12
    same_rotation(rot.exp(rot.log(q)), q)


@given(vectors)
def test_log_exp_round_trip(v):
    assert np.allclose(rot.log(rot.exp(v)), v, atol=1e-9)


@pytest.mark.parametrize("size", [0.0, 1e-12, 1e-8, 1e-6, 1e-4])
def test_exp_log_of_small_angles(size):
    v = size * np.array([0.6, 0.0, 0.8])
    assert np.allclose(rot.log(rot.exp(v)), v, rtol=1e-9, atol=1e-16)
    assert np.isclose(rot.angle(rot.exp(v)), size, rtol=1e-9)


@given(quaternions, quaternions, vectors)
def test_multiply_is_rotating_twice(a, b, v):
    assert np.allclose(rot.rotate(rot.multiply(a, b), v), rot.rotate(a, rot.rotate(b, v)), atol=1e-12)
    assert np.allclose(rot.rotate(a, v), (rot.to_matrix(a) @ v[..., None])[..., 0], atol=1e-12)
    assert np.allclose(rot.rotate(rot.inverse(a), rot.rotate(a, v)), v, atol=1e-12)


@given(quaternions, quaternions, st.floats(0.0, 1.0))
def test_slerp_ends_and_speed(a, b, t):
    same_rotation(rot.slerp(a, b, 0.0), a)
    same_rotation(rot.slerp(a, b, 1.0), b)
    middle = rot.slerp(a, b, t)
    whole = rot.angle_between(a, b)
    if whole.max() < np.pi - 1e-3:
        assert np.allclose(rot.angle_between(a, middle), t * whole, atol=1e-6)
    assert np.allclose(np.linalg.norm(middle, axis=-1), 1.0)


@given(quaternions)
def test_slerp_of_the_same_rotation_with_other_sign(q):
    same_rotation(rot.slerp(q, -q, 0.3), q)


@given(quaternions, vectors.filter(lambda v: np.linalg.norm(v, axis=-1).min() > 0.1))
def test_swing_twist_recomposes(q, v):
    axis = rot.normalize(v)
    swing, twist = rot.swing_twist(q, axis)
    same_rotation(rot.multiply(swing, twist), q)
    assert np.allclose(rot.rotate(twist, axis), axis, atol=1e-7)
    assert np.abs(np.sum(swing[..., 1:] * axis, axis=-1)).max() < 1e-7


def test_swing_twist_of_half_a_turn_of_swing():
    swing, twist = rot.swing_twist(np.array([0.0, 1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]))
    same_rotation(twist, rot.IDENTITY)
    same_rotation(swing, np.array([0.0, 1.0, 0.0, 0.0]))


@given(vectors, vectors)
def test_between_turns_one_direction_into_the_other(a, b):
    a, b = a + np.array([2.0, 0, 0]), b + np.array([0, 2.0, 0])
    assert np.allclose(rot.rotate(rot.between(a, b), rot.normalize(a)), rot.normalize(b), atol=1e-7)


@pytest.mark.parametrize("axis", np.eye(3))
def test_between_opposite_directions(axis):
    q = rot.between(axis, -axis)
    assert np.allclose(rot.rotate(q, axis), -axis)
    assert np.isclose(np.linalg.norm(q), 1.0)


@pytest.mark.parametrize("order", ORDERS)
@given(quaternions)
def test_euler_round_trip(order, q):
    same_rotation(rot.from_euler(rot.to_euler(q, order), order), q, 1e-6)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("middle", [90.0, -90.0, 89.9999999, 89.99, -89.99])
def test_euler_near_gimbal_lock(order, middle):
    q = rot.from_euler(np.deg2rad([[30.0, middle, -50.0], [-170.0, middle, 20.0]]), order)
    same_rotation(rot.from_euler(rot.to_euler(q, order), order), q, 1e-4)


@pytest.mark.parametrize("order", ORDERS)
def test_euler_is_intrinsic(order):
    angles = np.array([0.3, -0.5, 1.1])
    m = np.eye(3)
    for letter, angle in zip(order, angles):
        m = m @ rot.to_matrix(rot.exp(angle * np.eye(3)["XYZ".index(letter)]))
    assert np.allclose(rot.to_matrix(rot.from_euler(angles, order)), m, atol=1e-12)
    assert np.allclose(rot.to_euler(rot.from_euler(angles, order), order), angles, atol=1e-12)


def test_continuous_keeps_rotations_and_neighbours_together():
    t = np.linspace(0, 6 * np.pi, 200)[:, None]
    q = rot.shortest(rot.exp(t * np.array([0.0, 1.0, 0.0])))
    smooth = rot.continuous(q)
    same_rotation(smooth, q)
    assert np.sum(smooth[1:] * smooth[:-1], axis=-1).min() > 0.9
    assert np.allclose(rot.continuous(q[None], axis=1)[0], smooth)


@given(quaternions)
def test_continuous_of_one_frame(q):
    assert np.array_equal(rot.continuous(q[:1]), q[:1])


def test_about_y_turns_forward_to_the_left():
    # facing +Z, left is +X: a positive yaw is a turn to the left
    assert np.allclose(rot.rotate(rot.about_y(np.pi / 2), np.array([0.0, 0, 1])), [1, 0, 0])
    same_rotation(rot.about_y(0.7), rot.from_axis_angle(np.array([0, 1, 0]), np.array(0.7)))


def test_batches_broadcast():
    q = rot.exp(np.random.default_rng(0).normal(size=(4, 6, 3)))
    assert rot.rotate(q, np.array([1.0, 0, 0])).shape == (4, 6, 3)
    assert rot.slerp(q, q, np.full((4, 1), 0.5)).shape == (4, 6, 4)
    assert rot.to_matrix(q).shape == (4, 6, 3, 3)
    assert rot.from_axis_angle(np.array([0.0, 1, 0]), np.zeros(7)).shape == (7, 4)
