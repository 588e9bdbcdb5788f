"""From key poses, which bind what the animator keyed, to whole poses, which alone have a code."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from ..motion import retarget
from ..motion import rotations as rot
from ..motion.floor import foot_heights
from ..motion.from_positions import solve
from ..motion.motion import KeyPose, Motion
from ..motion.skeleton import KINDS, Skeleton, canonical
from ..protocol import RequestError

# rotation vectors that turn a T-pose into somebody who stands relaxed
_RELAXED = {
    "left_shoulder": (0.0, 0.0, -1.25), "right_shoulder": (0.0, 0.0, 1.25),
    "left_elbow": (0.0, -0.25, 0.0), "right_elbow": (0.0, 0.25, 0.0),
}  # fmt: skip
_NAMED = 4  # joints that a warning names before it only counts
_FINGERS = frozenset(KINDS["smplx52"][0]) - frozenset(KINDS["smpl22"][0])


def full_poses(keys: Sequence[KeyPose], skeleton: Skeleton, kind: str) -> tuple[Motion, list[str]]:
    """The poses of ``keys`` on the character's ``skeleton`` -> (K frames on the canonical skeleton of ``kind``,
    warnings that say what was guessed).

    What a key leaves open is taken from the nearest key in time that binds it, else from a relaxed stance. A pose that
    binds the positions of all joints is solved; RequestError for one that binds a position alone.
    """
    bound = [bound_rotations(key, skeleton) for key in keys]
    poses, warnings = [], [note for key in keys for note in _unread(key, skeleton)]
    for key, own in zip(keys, bound):
        nearest = sorted(zip(keys, bound), key=lambda pair: abs(pair[0].frame - key.frame))
        rotations, guessed = _filled(skeleton, own, [joints for _, joints in nearest])
        body = tuple(name for name in guessed if name in canonical("smpl22").names)
        if body:
            warnings.append(
                f"the key pose at frame {key.frame} leaves {len(body)} joints open ({_named(body)}): guessed"
            )
        pose = Motion(skeleton, np.array([[0.0, skeleton.hip_height, 0.0]]), rotations[None])
        poses.append(_at_height(pose, key))
    together = replace(
        poses[0],
        root=np.concatenate([pose.root for pose in poses]),
        rotations=np.concatenate([pose.rotations for pose in poses]),
        contacts=None,
    )
    return retarget.retarget(together, target=canonical(kind)), warnings


def bound_rotations(key: KeyPose, skeleton: Skeleton) -> dict[str, np.ndarray]:
    """Joint -> local rotation (4,), of the joints that the key binds; fingers that the skeleton has not are left out.
    RequestError for a pose that says too little, or of another skeleton."""
    unknown = [name for name in key.joints if name not in skeleton.names and name not in _FINGERS]
    if unknown:
        raise _refused(key, f"binds {', '.join(unknown[:_NAMED])}, which the skeleton has not", "Check the bone map.")
    joints = {name: joint for name, joint in key.joints.items() if name in skeleton.names}
    positions = {name: joint.position for name, joint in joints.items() if joint.position is not None}
    turned = {name: joint.rotation for name, joint in joints.items() if joint.rotation is not None}
    if _whole(positions, turned, skeleton):
        return _solved(key, np.stack([positions[name] for name in skeleton.names]), skeleton)
    if any(np.linalg.norm(rotation) < 1e-6 for rotation in turned.values()):
        raise _refused(key, "has a rotation of length 0", "Key the pose anew.")
    alone = [name for name in positions if not _follows(name, turned, skeleton)]
    if alone:
        action = "Key the rotations of these limbs as well: set the limb to FK on that frame and key its bones."
        raise _refused(key, f"says only where {', '.join(alone[:_NAMED])} are, which no code can tell", action)
    if not turned:
        raise _refused(key, "binds no rotation of a joint", "Key the bones of the pose, or leave the key pose out.")
    return {name: rot.normalize(rotation) for name, rotation in turned.items()}


def _whole(positions: Collection, turned: Collection, skeleton: Skeleton) -> bool:
    """Whether the positions, not the rotations, are what a pose is made of."""
    return len(positions) == len(skeleton) > len(turned)


def _unread(key: KeyPose, skeleton: Skeleton) -> list[str]:
    """Warnings of what a key binds and its pose is not made of."""
    warnings, at = [], f"the key pose at frame {key.frame}"
    fingers = [name for name in key.joints if name not in skeleton.names]
    if fingers:
        warnings.append(f"{at} binds {len(fingers)} joints of fingers, which the character has not: left out")
    joints = {name: joint for name, joint in key.joints.items() if name in skeleton.names}
    placed = [name for name, joint in joints.items() if joint.position is not None]
    turned = [name for name, joint in joints.items() if joint.rotation is not None]
    bent = [name for name, joint in joints.items() if joint.bend is not None]
    # the pelvis' height is used, and that its place is not seen is said of every key
    limbs = [name for name in placed if name != skeleton.names[0]]
    if limbs and not _whole(placed, turned, skeleton):
        warnings.append(f"{at} says where {_named(limbs)} are: left out, their place follows from rotations")
    if bent:
        warnings.append(f"{at} says where {_named(bent)} bend to: left out, it follows from rotations")
    return warnings


def _named(joints: Sequence[str]) -> str:
    return ", ".join(joints[:_NAMED]).replace("_", " ") + (", ..." if len(joints) > _NAMED else "")


def _solved(key: KeyPose, points: np.ndarray, skeleton: Skeleton) -> dict[str, np.ndarray]:
    """Joint -> local rotation, from the positions (J, 3) of all."""
    try:
        solved = retarget.retarget(solve(points[None], 30, skeleton.kind, skeleton), target=skeleton)
    except ValueError as error:
        raise _refused(key, f"cannot be solved: {error}", "Key the pose anew.") from error
    return dict(zip(skeleton.names, solved.rotations[0]))


def _follows(name: str, turned: dict[str, np.ndarray], skeleton: Skeleton) -> bool:
    """Whether a joint's place follows from rotations that are bound: those of the limb above it. The root's is not
    seen."""
    above, names = skeleton.parents[skeleton.index(name)], []
    while above >= 0 and len(names) < 2:
        names.append(skeleton.names[above])
        above = skeleton.parents[above]
    return all(joint in turned for joint in names)


def _filled(
    skeleton: Skeleton, bound: dict[str, np.ndarray], others: list[dict[str, np.ndarray]]
) -> tuple[np.ndarray, list[str]]:
    """Rotations (J, 4), and the joints that ``bound`` left open."""
    rotations, guessed = np.empty((len(skeleton), 4)), []
    for j, name in enumerate(skeleton.names):
        if name not in bound:
            guessed.append(name)
        known = next((joints[name] for joints in [bound, *others] if name in joints), None)
        rotations[j] = rot.exp(np.array(_RELAXED.get(name, (0.0, 0.0, 0.0)))) if known is None else known
    return rotations, guessed


def _at_height(pose: Motion, key: KeyPose) -> Motion:
    """At the height that the key binds, else with its lower foot on the floor."""
    height, pelvis = key.height, key.joints.get("pelvis")
    if height is None and pelvis is not None and pelvis.position is not None:
        height = float(pelvis.position[1])
    up = -float(foot_heights(pose).min()) if height is None else height - float(pose.root[0, 1])
    return pose.moved(0.0, (0.0, up, 0.0))


def _refused(key: KeyPose, what: str, action: str) -> RequestError:
    return RequestError("bad_keys", f"the key pose at frame {key.frame} {what}", action)
