"""The recipe of Guo et al. (T2M) from joint positions to feature rows and back, for any of its skeletons.

========== ======= ==========================================================================================
block      size    content (papers.md 1.1; J joints)
========== ======= ==========================================================================================
turn       1       half of the heading's change to the next frame, radians
velocity   2       root x, z displacement to the next frame, in the next frame's heading
height     1       root y over the clip's lowest joint
positions  3(J-1)  joints 1.., root x, z subtracted, in the heading; y stays absolute ("RIC")
rotations  6(J-1)  joints 1.., two matrix columns, each bone's swing against the bone before it in its chain
velocities 3J      displacement of all joints to the next frame, in the heading
contacts   4       0 or 1: left ankle, left foot, right ankle, right foot
========== ======= ==========================================================================================

T+1 frames give T rows, because velocities need the next frame. Metres (KIT: its own unit), Y up, facing +Z.
The published quirks are kept, or published weights would read other numbers; each is named where it is coded.
"""

from __future__ import annotations

import numpy as np

from .. import rotations as rot
from . import checks
from .guo_skeleton import GuoSkeleton

SMOOTHING = 20.0
"""sigma in frames, at any rate, of the forward direction"""
_ROUNDING = 1e-5
"""radians by which a sum of float32 turns may be off"""
_TRUNCATE = 4.0  # a Gaussian ends after so many sigma: it decides how far a clip's end reaches back


def standardise(skeleton: GuoSkeleton, positions, lengths=None) -> np.ndarray:
    """Steps 1 to 3 of papers.md 1.4: positions (T, J, 3) on bones of ``lengths`` (J,), None keeps the clip's own, the
    lowest joint of all frames at y = 0, frame 0 at x = z = 0 facing +Z."""
    points = _components(_checked(skeleton, positions))
    if lengths is not None:
        points = _on_lengths(skeleton, points, np.asarray(lengths, dtype=float))
    # QUIRK: one floor for the clip, under its lowest joint: a jump lowers nothing, a stair or a stumble raises all
    floor = points[1].min()
    points = points - np.array([points[0, 0, 0], floor, points[2, 0, 0]])[:, None, None]
    right_hip, left_hip, right_shoulder, left_shoulder = points[:, list(skeleton.face), 0].T
    across = right_hip - left_hip + right_shoulder - left_shoulder
    # forward = up x across
    return _turned(points, _half_turn(across[2], -across[0])).transpose(2, 1, 0)


def rows(skeleton: GuoSkeleton, positions) -> np.ndarray:
    """Steps 4 to 6 of papers.md 1.4: ``standardise``d positions (T+1, J, 3) -> (T, width) float32."""
    points = _components(_checked(skeleton, positions))
    frames = points.shape[2] - 1
    if frames < 1:
        raise ValueError(f"{skeleton.name} needs at least 2 frames (T+1 frames give T rows), got {frames + 1}")
    half = heading(skeleton, points)
    here, moved = points[..., :-1], points[..., 1:] - points[..., :-1]
    now, after = half[:-1], half[1:]
    out = np.empty((skeleton.width, frames), dtype=np.float32)  # turned over at the end: time is contiguous until then
    blocks = skeleton.layout
    # QUIRK: the y of the relative quaternion, so HALF the turn. It changes sign where the heading passes half a turn
    # from frame 0: that one step is stored the wrong way round, and what follows is recovered turned by twice the step
    # (``mended`` puts it right)
    out[blocks["turn"]] = np.arcsin(np.clip(np.sin(after - now), -1.0, 1.0))
    # QUIRK: the root's velocity is seen from the NEXT frame's heading, the joints' from this one's
    out[blocks["velocity"]] = _turned(moved[:, 0], after)[[0, 2]]
    out[blocks["height"]] = here[1, 0]
    # QUIRK: only x and z are relative to the root, y is absolute
    ground = here[:, :1] * np.array([1.0, 0.0, 1.0])[:, None, None]
    _fill(out[blocks["positions"]], _turned(here[:, 1:] - ground, now))
    _fill(out[blocks["rotations"]], swings(skeleton, here, now))
    _fill(out[blocks["velocities"]], _turned(moved, now))
    # QUIRK: the threshold is on the SQUARED way of a frame, at any rate, and the height does not count
    out[blocks["contacts"]] = np.sum(moved[:, list(skeleton.feet)] ** 2, axis=0) < skeleton.contact
    return np.ascontiguousarray(out.T)


def heading(skeleton: GuoSkeleton, points) -> np.ndarray:
    """(3, J, T) -> (T,) half the angle about +Y, radians, that turns each frame's smoothed forward direction to +Z."""
    right_hip, left_hip, right_shoulder, left_shoulder = (points[:, joint] for joint in skeleton.face)
    # QUIRK: here the reference takes the hips the other way round than when it turns frame 0, so that they work against
    # the shoulders (papers.md 1.4 does not say so; the sample 012314 agrees with no other reading)
    across = left_hip - right_hip + right_shoulder - left_shoulder
    across = across / np.maximum(np.sqrt(np.sum(across**2, axis=0)), 1e-12)
    # forward = up x across, not made unit before smoothing: a body that leans to its side counts less
    half = _half_turn(_smooth(across[2]), _smooth(-across[0]))
    # QUIRK: frame 0 is said to face +Z whatever smoothing found, which leaves a spike of turn in row 0
    half[0] = 0.0
    return half


def swings(skeleton: GuoSkeleton, points, half) -> np.ndarray:
    """(3, J, T) and headings (T,) -> 6-D (6, J-1, T) of joints 1 ...: shortest arcs from rest, no twist.
    QUIRK: a joint's rotation turns the bone that ENDS in it, not its children."""
    directions, _ = _bones(skeleton, points)
    world = _arcs(skeleton.directions.T[..., None], directions)
    zero = np.zeros_like(half)
    world[:, 0] = np.cos(half), zero, np.sin(half), zero
    aw, ax, ay, az = world[:, list(skeleton.turned_by[1:])]
    bw, bx, by, bz = world[:, 1:]
    # the inverse of what is above, times the arc
    w, x = aw * bw + ax * bx + ay * by + az * bz, aw * bx - ax * bw - ay * bz + az * by
    y, z = aw * by - ay * bw - az * bx + ax * bz, aw * bz - az * bw - ax * by + ay * bx
    xy, wz, zz = x * y, w * z, z * z
    # QUIRK: two columns of the matrix, where the widespread 6-D of graphics libraries takes rows
    first = 1.0 - 2.0 * (y * y + zz), 2.0 * (xy + wz), 2.0 * (x * z - w * y)
    second = 2.0 * (xy - wz), 1.0 - 2.0 * (x * x + zz), 2.0 * (y * z + w * x)
    return np.stack(first + second)


def root_path(features) -> tuple[np.ndarray, np.ndarray]:
    """Rows (T, width) -> half headings (T,) radians, as in ``heading``, and the root (T, 3) in frame 0's heading."""
    features = np.asarray(features, dtype=float)
    half = np.concatenate([[0.0], np.cumsum(features[:-1, 0])])  # no halving: what is stored is half an angle
    steps = np.zeros((3, len(features)))
    steps[[0, 2], 1:] = features[:-1, 1:3].T
    root = np.cumsum(_turned(steps, -half), axis=1)
    root[1] = features[:, 3]
    return half, root.T


def mended(skeleton: GuoSkeleton, features) -> np.ndarray:
    """Rows (T, width), from a clip's first on, with the turns put right that ``rows`` stores the wrong way round.

    It does so only where the half heading, added up from 0, passes an odd multiple of pi/2: a turn is taken the other
    way round if that takes the half heading over such a border, and if the rows show that it went that way. As stored
    it then ends on this side, because no step is longer than pi/2. Everywhere else rows that are not exact, as a
    model's are, keep their turns.
    """
    features = checked_rows(skeleton, features).copy()
    stored = features[:-1, 0].copy()
    half, mended_by = root_path(features)[0], 0.0
    for row in np.flatnonzero(_shown_backwards(skeleton, features)):
        step = -stored[row]
        past = (half[row] + mended_by) % np.pi - np.pi / 2  # the nearest border
        if past * (past + step) < _ROUNDING * abs(step):
            features[row, 0] = step
            mended_by += 2.0 * step
    return features


def _shown_backwards(skeleton: GuoSkeleton, features) -> np.ndarray:
    """(T-1,) whether a turn is more likely the other way round than as it stands.

    A row's positions and velocities say where the joints are in the next frame, the next row's positions where they
    are in the next heading: the turn between the two is measured. Where that is nearer than half the turn to neither
    way, the turns before and after decide, because headings are smooth.
    """
    here, moved = (
        features[:, skeleton.layout[name]].reshape(len(features), -1, 3) for name in ("positions", "velocities")
    )
    seen = here[:-1] + moved[:-1, 1:] - moved[:-1, :1]
    (x, z), (next_x, next_z) = ((joints[..., 0], joints[..., 2]) for joints in (seen, here[1:]))
    shown = np.arctan2(np.sum(next_x * z - next_z * x, axis=1), np.sum(next_x * x + next_z * z, axis=1))
    turn = 2.0 * features[:-1, 0]
    around = np.pad(features[:, 0], (1, 0))[:-2] + features[1:, 0]
    as_stored, other = np.abs(shown - turn), np.abs(shown + turn)
    clear = np.minimum(as_stored, other) < 0.5 * np.abs(turn)
    return np.where(clear, other < as_stored, around * turn < 0.0)


def joints_from_ric(skeleton: GuoSkeleton, features) -> np.ndarray:
    """Rows (T, width) -> joint positions (T, J, 3) by the positions block: what everybody plays and measures."""
    features = checked_rows(skeleton, features)
    half, root = root_path(features)
    local = features[:, skeleton.layout["positions"]].reshape(len(features), -1, 3)
    out = np.empty((len(features), len(skeleton), 3))
    out[:, 0] = root
    turned = _turned(_components(local), -half)
    out[:, 1:] = turned.transpose(2, 1, 0) + root[:, None] * [1.0, 0.0, 1.0]
    return out


def joints_from_rotations(skeleton: GuoSkeleton, features, lengths) -> np.ndarray:
    """Rows (T, width) and bone ``lengths`` (J,) -> joint positions (T, J, 3) by the rotations block."""
    features = checked_rows(skeleton, features)
    half, root = root_path(features)
    local = rot.six_d_to_matrix(features[:, skeleton.layout["rotations"]].reshape(len(features), -1, 6))
    world = np.empty((len(features), len(skeleton), 3, 3))
    world[:, 0] = rot.to_matrix(rot.about_y(2.0 * half))
    offsets = skeleton.directions * np.asarray(lengths, dtype=float)[:, None]
    out = np.empty((len(features), len(skeleton), 3))
    out[:, 0] = root
    for joint in skeleton.order:
        world[:, joint] = world[:, skeleton.turned_by[joint]] @ local[:, joint - 1]
        out[:, joint] = out[:, skeleton.parents[joint]] + world[:, joint] @ offsets[joint]
    return out


def checked_rows(skeleton: GuoSkeleton, features) -> np.ndarray:
    """Rows (T, width) as float64; ValueError for anything else."""
    return checks.checked_rows(features, skeleton.name, (skeleton.width,))


def bone_lengths(skeleton: GuoSkeleton, positions) -> np.ndarray:
    """Joint positions (T, J, 3) -> (J,) the median length of the bone that ends in each joint, 0 for the root."""
    _, lengths = _bones(skeleton, _components(_checked(skeleton, positions)))
    return np.median(lengths, axis=1)


def _checked(skeleton: GuoSkeleton, positions) -> np.ndarray:
    positions = np.asarray(positions, dtype=float)
    if positions.ndim != 3 or positions.shape[1:] != (len(skeleton), 3) or not len(positions):
        raise ValueError(f"{skeleton.name} needs positions (T, {len(skeleton)}, 3), got {positions.shape}")
    if not np.isfinite(positions).all():
        raise ValueError(f"{skeleton.name}: joint positions must not contain NaN or infinite numbers")
    return positions


def _components(positions) -> np.ndarray:
    """(T, J, 3) -> (3, J, T): with time last, every step is one pass over contiguous numbers."""
    return np.ascontiguousarray(positions.transpose(2, 1, 0))


def _fill(block, components) -> None:
    """Write (n, J, T) into a block (J n, T) of rows, joint after joint."""
    n, joints, frames = components.shape
    block.reshape(joints, n, frames)[:] = components.transpose(1, 0, 2)


def _bones(skeleton: GuoSkeleton, points) -> tuple[np.ndarray, np.ndarray]:
    """(3, J, T) -> unit world directions (3, J, T) of the bones that end in each joint and their lengths (J, T).
    A bone without length points as at rest, and so does the root, which has none."""
    vectors = points - points[:, list(skeleton.parents)]
    vectors[:, 0] = 0.0
    x, y, z = vectors
    lengths = np.sqrt(x * x + y * y + z * z)
    none = lengths < 1e-9
    directions = vectors / np.where(none, 1.0, lengths)
    return np.where(none, skeleton.directions.T[..., None], directions), lengths


def _on_lengths(skeleton: GuoSkeleton, points, lengths) -> np.ndarray:
    """Every bone keeps its direction and gets its length, (3, J, T) each; the root's way is scaled by the lower legs.
    The reference's inverse and forward kinematics come to this, because a swing takes rest onto direction exactly."""
    if lengths.shape != (len(skeleton),):
        raise ValueError(f"{skeleton.name} needs {len(skeleton)} bone lengths, got {lengths.shape}")
    directions, own = _bones(skeleton, points)
    legs = list(skeleton.lower_legs)
    leg = float(own[legs, 0].sum())  # of frame 0, as the reference measures
    if leg < 1e-9:
        raise ValueError(f"{skeleton.name}: the lower legs have no length in the first frame")
    out = directions * lengths[:, None]
    out[:, 0] = points[:, 0] * (lengths[legs].sum() / leg)
    for joint in skeleton.order:
        out[:, joint] += out[:, skeleton.parents[joint]]
    return out


def _half_turn(x, z) -> np.ndarray:
    """Half the angle about +Y that turns the ground direction (x, z) to +Z, in [-pi/2, pi/2]."""
    return -0.5 * np.arctan2(x, z)


def _turned(vectors, half) -> np.ndarray:
    """Vectors (3, ..., T) turned about +Y by twice ``half`` (T,)."""
    cos, sin = np.cos(2.0 * half), np.sin(2.0 * half)
    x, y, z = vectors
    return np.stack([cos * x + sin * z, y, cos * z - sin * x])


def _arcs(rest, directions) -> np.ndarray:
    """Quaternions (4, J, T) of the shortest arcs from unit ``rest`` (3, J, 1) to unit ``directions`` (3, J, T);
    opposite directions turn about any normal."""
    (ux, uy, uz), (vx, vy, vz) = rest, directions
    w = 1.0 + (ux * vx + uy * vy + uz * vz)
    q = np.stack([w, uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx])
    opposite = w < 1e-9
    if opposite.any():
        zero = np.zeros_like(ux)
        normal = np.where(np.abs(ux) < 0.9, np.stack([zero, zero, uz, -uy]), np.stack([zero, -uz, zero, ux]))
        q = np.where(opposite, normal, q)
    return q / np.sqrt(np.sum(q * q, axis=0))


def _smooth(x) -> np.ndarray:
    """(T,) smoothed by a Gaussian of ``SMOOTHING`` frames; the ends are held."""
    radius = int(_TRUNCATE * SMOOTHING + 0.5)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / SMOOTHING) ** 2)
    return np.convolve(np.pad(x, radius, mode="edge"), kernel / kernel.sum(), mode="valid")
