"""Rotation maths on arrays with any batch dimensions.

Quaternions are unit, ``(..., 4)``, ordered w, x, y, z. Matrices are ``(..., 3, 3)`` acting on column vectors.
Six-D rotations are the first two columns of the matrix, column after column, ``(..., 6)`` (papers.md 1.1).
Angles are radians. Nothing here checks for NaN: readers do, at the edge.
"""

from __future__ import annotations

import numpy as np

IDENTITY = np.array([1.0, 0.0, 0.0, 0.0])
_TINY = 1e-12


def normalize(v):
    """Scale vectors ``(..., n)`` to length 1; a zero vector stays zero."""
    v = np.asarray(v, dtype=float)
    norm = np.sqrt(np.einsum("...i,...i->...", v, v))[..., None]  # a third of the time of np.linalg.norm
    return v / np.maximum(norm, _TINY)


def multiply(a, b):
    """Hamilton product ``a * b``: rotate by b, then by a. ``(..., 4)`` each."""
    aw, ax, ay, az = _parts(a)
    bw, bx, by, bz = _parts(b)
    return np.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        axis=-1,
    )


def cross(a, b):
    """Cross product of vectors ``(..., 3)``: numpy's own spends more time on its axes than on a clip of bones."""
    ax, ay, az = _parts(a)
    bx, by, bz = _parts(b)
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def dot(a, b):
    """``(..., 1)``; matmul sums one pair of vectors and many in the same order, so the same bits come out."""
    return np.matmul(a[..., None, :], b[..., :, None])[..., 0]


def beside(vector, line):
    """The part of ``vector`` ``(..., 3)`` that is normal to the unit ``line`` ``(..., 3)``."""
    return vector - dot(vector, line) * line


def frame(primary, secondary):
    """Rotations with Y along ``primary`` ``(..., 3)`` and Z as near ``secondary`` ``(..., 3)`` as it can be."""
    y = normalize(primary)
    z = normalize(beside(np.asarray(secondary, float), y))
    return from_matrix(np.stack([cross(y, z), y, z], axis=-1))


def _parts(v) -> list[np.ndarray]:
    """The components of ``(..., n)``, each ``(...)``."""
    v = np.asarray(v)
    return [v[..., i] for i in range(v.shape[-1])]


def inverse(q):
    """Conjugate of unit quaternions ``(..., 4)``."""
    return np.asarray(q) * np.array([1.0, -1.0, -1.0, -1.0])


def rotate(q, v):
    """Rotate vectors ``(..., 3)`` by quaternions ``(..., 4)`` (batch dimensions broadcast)."""
    q, v = np.asarray(q), np.asarray(v)
    xyz = q[..., 1:]
    t = 2.0 * cross(xyz, v)
    return v + q[..., :1] * t + cross(xyz, t)


def from_axis_angle(axis, angle):
    """Quaternion turning by ``angle`` (...) about ``axis`` (..., 3); the axis need not be unit."""
    half = np.asarray(angle)[..., None] * 0.5
    axis = normalize(axis)
    return np.concatenate([np.cos(half) * np.ones_like(axis[..., :1]), np.sin(half) * axis], axis=-1)


def exp(rotation_vector):
    """Rotation vectors (axis times angle, ``(..., 3)``) to quaternions."""
    v = np.asarray(rotation_vector)
    angle = np.linalg.norm(v, axis=-1, keepdims=True)
    # sin(a/2)/a tends to 1/2: the series keeps full precision where the quotient would divide by zero
    small = angle < 1e-6
    scale = np.where(small, 0.5 - angle**2 / 48.0, np.sin(angle * 0.5) / np.where(small, 1.0, angle))
    return np.concatenate([np.cos(angle * 0.5), scale * v], axis=-1)


def log(q):
    """Quaternions to rotation vectors ``(..., 3)`` of the short way round (length at most pi)."""
    q = shortest(q)
    w, xyz = q[..., :1], q[..., 1:]
    sine = np.linalg.norm(xyz, axis=-1, keepdims=True)
    small = sine < 1e-7
    scale = np.where(small, 2.0, 2.0 * np.arctan2(sine, w) / np.where(small, 1.0, sine))
    return scale * xyz


def shortest(q):
    """The sign of each quaternion whose real part is not negative."""
    q = np.asarray(q)
    return np.where(q[..., :1] < 0.0, -q, q)


def angle(q):
    """Angle of the rotation, the short way round, in ``[0, pi]``."""
    q = np.asarray(q)
    return 2.0 * np.arctan2(np.linalg.norm(q[..., 1:], axis=-1), np.abs(q[..., 0]))


def angle_between(a, b):
    """Geodesic distance between two rotations, radians."""
    return angle(multiply(inverse(a), b))


def continuous(q, axis=0):
    """Flip signs along ``axis`` (time) so that neighbours lie in the same hemisphere."""
    q = np.moveaxis(np.asarray(q), axis, 0)
    if len(q) < 2:
        return np.moveaxis(q.copy(), 0, axis)
    flips = np.where(np.sum(q[1:] * q[:-1], axis=-1, keepdims=True) < 0.0, -1.0, 1.0)
    signs = np.concatenate([np.ones_like(flips[:1]), np.cumprod(flips, axis=0)], axis=0)
    return np.moveaxis(q * signs, 0, axis)


def slerp(a, b, t):
    """Spherical interpolation the short way round; ``t`` (...) broadcasts against the batch."""
    a, b = np.asarray(a), np.asarray(b)
    t = np.asarray(t)[..., None]
    dot = np.sum(a * b, axis=-1, keepdims=True)
    b = np.where(dot < 0.0, -b, b)
    dot = np.clip(np.abs(dot), 0.0, 1.0)
    theta = np.arccos(dot)
    near = theta < 1e-4  # there sin(theta) loses precision; normalised lerp differs by less than 1e-9
    safe = np.where(near, 1.0, np.sin(theta))
    wa = np.where(near, 1.0 - t, np.sin((1.0 - t) * theta) / safe)
    wb = np.where(near, t, np.sin(t * theta) / safe)
    return normalize(wa * a + wb * b)


def between(a, b):
    """Shortest arc turning direction ``a`` (..., 3) into ``b`` (..., 3); opposite directions turn about any normal."""
    a, b = normalize(a), normalize(b)
    a, b = np.broadcast_arrays(a, b)
    w = 1.0 + np.sum(a * b, axis=-1, keepdims=True)
    q = np.concatenate([w, cross(a, b)], axis=-1)
    opposite = w[..., 0] < 1e-9
    if np.any(opposite):
        helper = np.where(np.abs(a[..., :1]) < 0.9, np.array([1.0, 0, 0]), np.array([0, 1.0, 0]))
        normal = normalize(cross(a, helper))
        q = np.where(opposite[..., None], np.concatenate([np.zeros_like(w), normal], axis=-1), q)
    return normalize(q)


def swing_twist(q, axis):
    """Split ``q = swing * twist`` with ``twist`` about the unit ``axis`` (..., 3)."""
    q, axis = np.asarray(q), np.asarray(axis)
    along = np.sum(q[..., 1:] * axis, axis=-1, keepdims=True)
    twist = np.concatenate([q[..., :1], along * axis], axis=-1)
    norm = np.linalg.norm(twist, axis=-1, keepdims=True)
    # half a turn of pure swing has no twist to find
    twist = np.where(norm < 1e-9, IDENTITY, twist / np.maximum(norm, _TINY))
    return multiply(q, inverse(twist)), twist


def to_matrix(q):
    """Quaternions ``(..., 4)`` to matrices ``(..., 3, 3)``."""
    w, x, y, z = _parts(q)
    rows = [
        np.stack([1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)], -1),
        np.stack([2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)], -1),
        np.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], -1),
    ]
    return np.stack(rows, axis=-2)


def from_matrix(m):
    """Rotation matrices ``(..., 3, 3)`` to quaternions with a non-negative real part.

    Builds the quaternion from its largest component, so that no rotation divides by a small number.
    """
    m = np.asarray(m)
    (m00, m01, m02), (m10, m11, m12), (m20, m21, m22) = ([m[..., i, j] for j in range(3)] for i in range(3))
    diagonal = np.stack([1 + m00 + m11 + m22, 1 + m00 - m11 - m22, 1 - m00 + m11 - m22, 1 - m00 - m11 + m22], -1)
    best = np.argmax(diagonal, axis=-1)
    q = np.stack([diagonal[..., 0], m21 - m12, m02 - m20, m10 - m01], -1)
    # few joints are turned so far that their real part is not the largest
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        here = best == i + 1
        if np.any(here):
            far = m[here]
            parts = np.empty(far.shape[:-2] + (4,))
            parts[..., 0] = far[..., k, j] - far[..., j, k]
            parts[..., 1 + i] = diagonal[here][..., i + 1]
            parts[..., 1 + j] = far[..., i, j] + far[..., j, i]
            parts[..., 1 + k] = far[..., i, k] + far[..., k, i]
            q[here] = parts
    return shortest(normalize(q))


def to_six_d(q):
    """Quaternions to the two first matrix columns, ``(..., 6)``."""
    m = to_matrix(q)
    return np.concatenate([m[..., :, 0], m[..., :, 1]], axis=-1)


def six_d_to_matrix(d):
    """Six-D (need not be orthonormal) to matrices by Gram-Schmidt as in papers.md 1.2: z = x cross y, y = z cross x."""
    d = np.asarray(d)
    x = normalize(d[..., :3])
    z = normalize(cross(x, d[..., 3:6]))
    return np.stack([x, cross(z, x), z], axis=-1)


def from_six_d(d):
    """Six-D ``(..., 6)`` to quaternions."""
    return from_matrix(six_d_to_matrix(d))


def from_euler(angles, order):
    """Intrinsic Euler angles ``(..., n)`` in ``order`` (such as "ZXY": about Z first, then the new X ...)."""
    q = np.broadcast_to(IDENTITY, np.shape(angles)[:-1] + (4,))
    for i, letter in enumerate(order):
        axis = np.eye(3)["XYZ".index(letter)]
        q = multiply(q, from_axis_angle(axis, np.asarray(angles)[..., i]))
    return q


def to_euler(q, order):
    """Intrinsic Euler angles ``(..., 3)`` in an ``order`` of three distinct axes, middle angle in [-pi/2, pi/2].

    From half angles (Bernardes and Viollet 2022), which stays exact in the gimbal lock where matrix entries do not.
    """
    k, j, i = ("XYZ".index(letter) for letter in order)
    sign = (i - j) * (j - k) * (k - i) / 2
    q = np.asarray(q)
    w, (x, y, z) = q[..., 0], (q[..., 1 + n] for n in (i, j, k))
    a, b, c, d = w - y, x + sign * z, y + w, sign * z - x
    middle = 2.0 * np.arctan2(np.hypot(c, d), np.hypot(a, b)) - np.pi / 2
    half_sum, half_difference = np.arctan2(b, a), np.arctan2(d, c)
    angles = np.stack([sign * (half_sum + half_difference), middle, half_sum - half_difference], axis=-1)
    return (angles + np.pi) % (2 * np.pi) - np.pi


def about_y(yaw):
    """Quaternion turning by ``yaw`` (...) about +Y."""
    half = np.asarray(yaw) * 0.5
    zero = np.zeros_like(half)
    return np.stack([np.cos(half), zero, np.sin(half), zero], axis=-1)
