"""Where the pole of a limb stands, so that inverse kinematics bends the limb as the motion does. No bpy."""

from __future__ import annotations

import numpy as np

from ...backend.motion import anatomy
from ...backend.motion import rotations as rot
from .targets import Targets

_LIMBS = {"elbow": ("shoulder", "wrist"), "knee": ("hip", "ankle")}
_STRAIGHT = 0.002
"""of a limb's length: where the joint rests less beside the straight limb, inverse kinematics bends it to the pole"""


def head(aims: Targets, bone: str, slot: str) -> np.ndarray:
    """(T, 3) head of the pole of the limb whose middle is ``slot``, in armature space: about the limb's line as far
    from where the limb bends as at rest, and as far from the joint. A straight limb shows no plane: there the pole goes
    with the upper bone."""
    side, part = slot.split("_")
    upper, lower = (f"{side}_{name}" for name in _LIMBS[part])
    index, own = aims.pose.bones.index, aims.pose.bone_map.slots
    start, middle, end, pole = (aims.heads[index[b]] for b in (own[upper][0], own[slot][0], own[lower][0], bone))
    bends, swivel = _at_rest(start, middle, end, pole)
    line = rot.normalize(aims.joints[lower] - aims.joints[upper])
    usual = rot.normalize(rot.beside(rot.rotate(aims.turn(upper), bends), line))
    bend, length = anatomy.hinge(*(aims.joints[s] for s in (upper, slot, lower)))
    # a limb that is bent the wrong way round does not turn the pole over
    sure = np.clip(rot.dot(bend, usual) / (anatomy.BENT * length[:, None]), 0.0, 1.0)
    direction = rot.normalize(sure * rot.normalize(bend) + (1.0 - sure) * usual)
    direction = rot.rotate(rot.from_axis_angle(line, swivel), direction)
    away = np.linalg.norm(bend, axis=-1, keepdims=True) + np.linalg.norm(pole - middle)
    return aims.joints[slot] - bend + direction * away


def _at_rest(start, middle, end, pole) -> tuple[np.ndarray, np.ndarray]:
    """Where the limb bends at rest (3,), and by how many radians about its line the pole stands elsewhere: the angle of
    the constraint makes up for that in every pose. The joints and the pole's head are (3,)."""
    line = rot.normalize(end - start)
    towards = rot.beside(pole - start, line)
    bend, length = anatomy.hinge(start, middle, end)
    if np.linalg.norm(bend) < _STRAIGHT * length:
        return towards, np.zeros(())
    return bend, np.arctan2(np.cross(bend, towards) @ line, bend @ towards)
