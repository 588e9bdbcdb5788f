"""The joints of the characters that the tests make, with Mixamo names, and which slots they stand for."""

from __future__ import annotations

from dataclasses import dataclass

from mathutils import Matrix, Vector

from tests.blender.measure import module

# Joints in metres, Z up, facing -Y, in T-pose: name -> (parent, offset from the parent). The left side and the centre.
_LEFT = {
    "LeftShoulder": ("Spine2", (0.055, 0.01, 0.10)),
    "LeftArm": ("LeftShoulder", (0.12, 0.0, 0.01)),
    "LeftForeArm": ("LeftArm", (0.27, 0.0, 0.0)),
    "LeftHand": ("LeftForeArm", (0.25, 0.0, 0.0)),
    "LeftUpLeg": ("Hips", (0.09, 0.0, -0.05)),
    "LeftLeg": ("LeftUpLeg", (0.0, -0.005, -0.43)),
    "LeftFoot": ("LeftLeg", (0.0, 0.015, -0.41)),
    "LeftToeBase": ("LeftFoot", (0.01, -0.13, -0.08)),
}
_CENTRE = {
    "Hips": (None, (0.0, 0.0, 1.0)),
    "Spine": ("Hips", (0.0, 0.01, 0.10)),
    "Spine1": ("Spine", (0.0, 0.0, 0.12)),
    "Spine2": ("Spine1", (0.0, 0.005, 0.12)),
    "Neck": ("Spine2", (0.0, 0.02, 0.15)),
    "Head": ("Neck", (0.0, -0.02, 0.10)),
}
# From the left wrist: to the first knuckle, then from knuckle to knuckle.
_FINGERS = {
    "Thumb": ((0.035, -0.035, -0.01), (0.024, -0.023, 0.0)),
    "Index": ((0.095, -0.026, 0.0), (0.034, 0.0, 0.0)),
    "Middle": ((0.100, -0.004, 0.0), (0.036, 0.0, 0.0)),
    "Ring": ((0.095, 0.017, 0.0), (0.032, 0.0, 0.0)),
    "Pinky": ((0.085, 0.037, 0.0), (0.025, 0.0, 0.0)),
}
_SLOTS = {
    "Hips": "pelvis", "Neck": "neck", "Head": "head", "Shoulder": "collar", "Arm": "shoulder", "ForeArm": "elbow",
    "Hand": "wrist", "UpLeg": "hip", "Leg": "knee", "Foot": "ankle", "ToeBase": "foot",
}  # fmt: skip
_SEGMENTS = ("Arm", "ForeArm", "UpLeg", "Leg")


@dataclass(frozen=True)
class Build:
    """How the character is bound."""

    scale: float = 1.0
    """of the bones; 100 makes a rig in centimetres"""
    arms_down: float = 0.0
    """radians that the arms hang below the T-pose"""
    rolls: int | None = None
    """seed of random bone rolls"""
    along_x: bool = False
    """every bone points along X instead of along its limb"""
    prefix: str = "mixamorig:"
    mode: str = "QUATERNION"
    root_bone: bool = False
    """a bone "Root" above the hips, as game rigs have it"""
    flags: bool = False
    """some bones that do not inherit rotation, hips without local location"""
    spine_bones: int = 3
    neck_bones: int = 1
    split: bool = False
    """upper arms, forearms, thighs and shins of two bones each: LeftArm, LeftArmHalf ..."""
    twist_bones: int = 0
    """bones beside each of these that share its twist: LeftArmTwist1 ..."""
    fingers: bool = False


PLAIN = Build()


def joints(build: Build) -> tuple[dict[str, Vector], dict[str, str | None]]:
    """Bone -> head, bone -> parent; parents first."""
    points, parents = {}, {}
    for joint, (parent, offset) in _both_sides(build.fingers).items():
        offset = Vector(offset)
        if parent and hangs(parent):
            offset = lowered(build, joint) @ offset
        points[joint] = offset * build.scale + (points[parent] if parent else Vector())
        parents[joint] = parent
    _recount(points, parents, ("Spine", "Spine1", "Spine2"), "Spine", build.spine_bones)
    _recount(points, parents, ("Neck", "Head"), "Neck", build.neck_bones + 1, last="Head")
    segments = [side + part for side in ("Left", "Right") for part in _SEGMENTS]
    for joint, below in [(p, j) for j, p in parents.items() if p in segments]:
        _divide(points, parents, joint, below, build)
    order = sorted(points, key=lambda j: _depth(parents, j))
    return {j: points[j] for j in order}, parents


def hangs(joint: str) -> bool:
    """Whether a bone is part of an arm below the shoulder."""
    return "Arm" in joint or "Hand" in joint


def lowered(build: Build, joint: str) -> Matrix:
    """How an arm of this side is turned away from the T-pose at rest."""
    return Matrix.Rotation((1.0 if "Left" in joint else -1.0) * build.arms_down, 3, "Y")


def _both_sides(fingers: bool) -> dict[str, tuple[str | None, tuple[float, float, float]]]:
    table, left = dict(_CENTRE), dict(_LEFT)
    for finger, (base, along) in _FINGERS.items() if fingers else ():
        above = "LeftHand"
        for k in (1, 2, 3):
            left[f"LeftHand{finger}{k}"] = (above, base if k == 1 else along)
            above = f"LeftHand{finger}{k}"
    for joint, (parent, offset) in left.items():
        table[joint] = (parent, offset)
        table[joint.replace("Left", "Right")] = (parent.replace("Left", "Right"), (-offset[0], *offset[1:]))
    return table


def _divide(points, parents, joint: str, below: str, build: Build) -> None:
    """Put a second bone into the segment and twist bones beside it, as ``build`` says."""
    if build.split:
        points[joint + "Half"], parents[joint + "Half"] = points[joint].lerp(points[below], 0.5), joint
        parents[below] = joint + "Half"
    for k in range(1, build.twist_bones + 1):
        beside = f"{joint}Twist{k}"
        points[beside] = points[joint].lerp(points[below], k / (build.twist_bones + 1))
        parents[beside] = joint


def _recount(points, parents, chain: tuple[str, ...], stem: str, count: int, last: str | None = None) -> None:
    """Replace ``chain`` by ``count`` bones along the same line."""
    line, above = [points[j] for j in chain], parents[chain[0]]
    hanging = [j for j, p in parents.items() if p == chain[-1]]
    for joint in chain:
        del points[joint], parents[joint]
    for k in range(count):
        joint = last if last and k == count - 1 else stem + (str(k) if k else "")
        at = k / max(1, count - 1) * (len(line) - 1)
        low = min(int(at), len(line) - 2)
        points[joint], parents[joint] = line[low].lerp(line[low + 1], at - low), above
        above = joint
    for joint in hanging:
        parents[joint] = above


def _depth(parents, joint: str) -> int:
    return 0 if parents[joint] is None else 1 + _depth(parents, parents[joint])


def bone_map(build: Build):
    """The map of such a character, as the add-on's ``BoneMap``."""
    maps = module("backend.motion.bone_map")
    points, _ = joints(build)
    slots: dict[str, tuple[str, ...]] = {}
    twist: dict[str, tuple[str, ...]] = {}
    for joint in points:
        slot = _slot(build, joint.replace("Half", "").partition("Twist")[0])
        into = twist if "Twist" in joint else slots
        into[slot] = (*into.get(slot, ()), build.prefix + joint)
    controls = {slot: maps.Controls(twist=bones) for slot, bones in twist.items()}
    return maps.BoneMap("character", slots, controls, root="Root" if build.root_bone else None)


def _slot(build: Build, joint: str) -> str:
    if joint.startswith("Spine"):
        # the lowest bone is spine1, the topmost spine3, as many as there are between
        place = _number(joint, "Spine") / max(1, build.spine_bones - 1) if build.spine_bones > 1 else 1.0
        return f"spine{1 + round(2 * place)}"
    if joint.startswith("Neck"):
        return "neck"
    if joint in _SLOTS:
        return _SLOTS[joint]
    side, part = ("left_", joint[4:]) if joint.startswith("Left") else ("right_", joint[5:])
    return side + (_SLOTS[part] if part in _SLOTS else part.removeprefix("Hand").lower())


def _number(joint: str, stem: str) -> int:
    return int(joint.removeprefix(stem) or 0)
