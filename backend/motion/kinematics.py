"""Forward kinematics and what follows from joint positions: heading, contacts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import rotations as rot
from .motion import CONTACT_JOINTS, Motion
from .skeleton import Skeleton


def forward(skeleton: Skeleton, root, rotations):
    """Joint positions and world rotations: ``root`` (..., 3), ``rotations`` (..., J, 4) -> (..., J, 3), (..., J, 4)."""
    rotations = np.asarray(rotations)
    positions = np.empty(rotations.shape[:-1] + (3,))
    world = np.empty(rotations.shape)
    roots = [j for j, p in enumerate(skeleton.parents) if p < 0]
    positions[..., roots, :], world[..., roots, :] = np.asarray(root)[..., None, :], rotations[..., roots, :]
    for joints, parents in skeleton.levels:
        above = world[..., parents, :]
        positions[..., joints, :] = positions[..., parents, :] + rot.rotate(above, skeleton.offsets[joints])
        world[..., joints, :] = rot.multiply(above, rotations[..., joints, :])
    return positions, world


def pose(motion: Motion) -> tuple[np.ndarray, np.ndarray]:
    """``forward`` of a motion, (T, J, 3) and (T, J, 4), read-only: worked out once, because nearly every step asks."""
    if motion._pose is None:
        motion.keep_pose(*forward(motion.skeleton, motion.root, motion.rotations))
    return motion._pose


def pose_together(motions: Sequence[Motion]) -> None:
    """Work out the ``pose`` of motions on one skeleton in one go: eight short takes cost little more than one."""
    skeleton = motions[0].skeleton
    if any(m.skeleton is not skeleton for m in motions):
        raise ValueError("motions that are posed together need the same skeleton")
    found = forward(skeleton, np.concatenate([m.root for m in motions]), np.concatenate([m.rotations for m in motions]))
    ends = np.cumsum([len(m) for m in motions])[:-1]
    for motion, positions, world in zip(motions, *(np.split(array, ends) for array in found)):
        motion.keep_pose(positions, world)


def joint_positions(motion: Motion) -> np.ndarray:
    """(T, J, 3) world positions in metres, read-only."""
    return pose(motion)[0]


def local_from_world(skeleton: Skeleton, world) -> np.ndarray:
    """World rotations (..., J, 4) to local ones."""
    world = np.asarray(world)
    local = world.copy()
    below = [j for j, p in enumerate(skeleton.parents) if p >= 0]
    above = [skeleton.parents[j] for j in below]
    local[..., below, :] = rot.multiply(rot.inverse(world[..., above, :]), world[..., below, :])
    return local


def _across(positions, skeleton: Skeleton) -> np.ndarray:
    """(..., 3) from right to left, hips and shoulders together; points to +X when facing +Z."""
    i = skeleton.index
    across = positions[..., i("left_hip"), :] - positions[..., i("right_hip"), :]
    return across + positions[..., i("left_shoulder"), :] - positions[..., i("right_shoulder"), :]


def facing_yaw(positions, skeleton: Skeleton) -> np.ndarray:
    """Yaw (..., radians about +Y; 0 faces +Z) from the across-vector of hips and shoulders, unsmoothed.

    Hips and shoulders together jump in 9 of 384 CMU clips where the pelvis' forward axis jumps in 17 (measured.md).
    """
    across = _across(positions, skeleton)
    # facing = across x up
    return np.arctan2(-across[..., 2], across[..., 0])


MAX_TURN_PER_FRAME = np.deg2rad(40.0)


def heading(motion: Motion, sigma_seconds: float = 0.1) -> np.ndarray:
    """(T,) unwrapped, smoothed yaw with at most 40 degrees a frame (at any rate): the heading every codec uses."""
    across = _across(joint_positions(motion), motion.skeleton)
    # bent-over and flipped bodies leave a short horizontal part: smoothing the vectors, not the angles, lets the
    # frames that know their heading speak for those that do not
    flat = gaussian(across[:, [0, 2]], sigma_seconds * float(motion.fps))
    yaw = np.unwrap(np.arctan2(-flat[:, 1], flat[:, 0]))
    if np.any(np.abs(np.diff(yaw)) > MAX_TURN_PER_FRAME):
        # follow, so that what one frame cuts off is made up for in the next
        for t in range(1, len(yaw)):
            yaw[t] = yaw[t - 1] + np.clip(yaw[t] - yaw[t - 1], -MAX_TURN_PER_FRAME, MAX_TURN_PER_FRAME)
    return yaw


def gaussian(x, sigma: float) -> np.ndarray:
    """Smooth (T, ...) along time with a Gaussian of ``sigma`` frames; the ends are held."""
    x = np.asarray(x, float)
    if sigma <= 0 or len(x) < 2:
        return x.copy()
    radius = max(1, int(np.ceil(3 * sigma)))
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    padded = np.ascontiguousarray(np.concatenate([np.repeat(x[:1], radius, 0), x, np.repeat(x[-1:], radius, 0)]))
    # a view of every window, as sliding_window_view makes it, without its cost: half of the time here
    windows = np.ndarray((*x.shape, len(kernel)), buffer=padded, strides=(*padded.strides, padded.strides[0]))
    return windows @ kernel


def detect_contacts(motion: Motion, speed: float = 0.35, height: float = 0.06) -> np.ndarray:
    """(T, 4) bool: ankle or toe slower than ``speed`` m/s and within ``height`` m of its resting height over the floor.

    The floor is y = 0. The ankle's resting height is its height at rest over the lowest joint.
    """
    positions = joint_positions(motion)
    index = [motion.skeleton.index(n) for n in CONTACT_JOINTS]
    feet = positions[:, index]
    velocity = np.zeros(feet.shape[:2])
    if len(motion) > 1:
        velocity[1:] = np.linalg.norm(np.diff(feet, axis=0), axis=-1) * float(motion.fps)
        velocity[0] = velocity[1]
    return (velocity < speed) & (feet[..., 1] - motion.skeleton.rest_heights[index] < height)
