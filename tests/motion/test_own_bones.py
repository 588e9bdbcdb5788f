"""A motion on all bones of a rig: unmapped ones at rest, and hierarchies that a skeleton cannot have."""

import numpy as np
import pytest

from backend.motion import kinematics, retarget
from backend.motion import rotations as rot
from backend.motion.bone_map import BoneMap
from backend.motion.limbs import LimbCorrection
from backend.motion.own_bones import Character
from backend.motion.rest_rig import RestRig
from backend.motion.skeleton import canonical

OFF = LimbCorrection(0.0, 0.0)


def rig_of(kind="smpl22", turn=rot.IDENTITY, extra=(), parents=None):
    """The canonical body as a rig whose bones are in capitals, turned by ``turn``, on a root bone; ``extra``: (bone,
    its parent). ``parents``: bone -> another parent than usual."""
    base = canonical(kind)
    names = ["ROOT", *(n.upper() for n in base.names), *(n for n, _ in extra)]
    above = {n.upper(): base.names[p].upper() if p >= 0 else "ROOT" for n, p in zip(base.names, base.parents)}
    above |= {"ROOT": None} | dict(extra) | (parents or {})
    heads = np.vstack([[0.0, -0.95, 0.0], base.rest_positions, *([[0.3, 0.1, -0.2]] * len(extra))])
    order = []
    while len(order) < len(names):
        order += [n for n in names if n not in order and (above[n] is None or above[n] in order)]
    index = [names.index(n) for n in order]
    heads = 1.1 * rot.rotate(turn, heads[index])
    tree = tuple(order.index(above[n]) if above[n] else -1 for n in order)
    rig = RestRig(tuple(order), tree, heads, heads + 0.05, np.ones(len(order), bool))
    return Character(rig, BoneMap("capitals", {n: (n.upper(),) for n in base.names}))


def compare(character, motion, there):
    """Largest distance in metres of the mapped joints from a motion on the character's own skeleton."""
    own, at = kinematics.joint_positions(there), kinematics.joint_positions(motion)
    names = there.skeleton.names
    return max(
        np.linalg.norm(own[:, names.index(bones[0])] - at[:, motion.skeleton.index(slot)], axis=-1).max()
        for slot, bones in character.bone_map.slots.items()
    )


@pytest.mark.parametrize("kind", ["smpl22", "smplx52"])
@pytest.mark.parametrize(
    "turn", [rot.IDENTITY, rot.exp(np.array([-np.pi / 2, 0.0, 0.0])), rot.exp(np.array([0, 2.0, 0]))]
)
def test_bones_are_where_the_motion_is(kind, turn, random_motion):
    character = rig_of(kind, turn, extra=[("HAT", "HEAD")])
    motion = character.moved(random_motion(), None, OFF)
    there = character.own_bones(motion)
    assert there.skeleton.names == character.rig.names and there.fps == motion.fps
    assert compare(character, motion, there) < 1e-9
    for bone in ("ROOT", "HAT"):  # as at rest
        assert rot.angle(there.rotations[:, there.skeleton.index(bone)]).max() < 1e-9


def test_fingers_that_the_motion_lacks_are_relaxed(random_motion):
    character = rig_of("smplx52")
    there = character.moved(random_motion(), None, OFF)
    curl = rot.angle(there.rotations[:, there.skeleton.index("left_middle2")])
    assert there.skeleton.kind == "smplx52" and np.allclose(curl, np.deg2rad(30))
    own = character.moved(random_motion(canonical("smplx52")), None, OFF)
    assert np.ptp(rot.angle(own.rotations[:, own.skeleton.index("left_middle2")])) > 0.1


def test_fingers_of_another_shape(random_motion):
    character = rig_of("smplx52")
    there = character.moved(random_motion(), None, OFF, "straight")
    assert rot.angle(there.rotations[:, there.skeleton.index("left_middle2")]).max() < 1e-9


def test_legs_that_hang_on_the_root_are_hung_on_the_hips(random_motion):
    character = rig_of(parents={"LEFT_HIP": "ROOT", "RIGHT_HIP": "ROOT"})
    motion = character.moved(random_motion(), None, OFF)
    assert compare(character, motion, character.own_bones(motion)) < 1e-9
    assert character.tree["LEFT_HIP"] == "PELVIS"


def test_a_pelvis_beside_the_spine_takes_the_spine_along(random_motion):
    character = rig_of(extra=[("COG", "ROOT")], parents={"PELVIS": "COG", "SPINE1": "COG"})
    motion = character.moved(random_motion(), None, OFF)
    assert compare(character, motion, character.own_bones(motion)) < 1e-9


def test_bones_without_the_body_s_root_are_left_out(random_motion):
    character = rig_of(extra=[("PROP", None), ("BLADE", "PROP")])
    there = character.own_bones(character.moved(random_motion(), None, OFF))
    assert set(character.rig.names) - set(there.skeleton.names) == {"PROP", "BLADE"}


def test_a_rest_pose_that_is_no_body_is_named():
    character = rig_of()
    flat = RestRig(
        character.rig.names, character.rig.parents, 0 * character.rig.heads, character.rig.tails, character.rig.deform
    )
    with pytest.raises(ValueError, match="coincide at rest"):
        retarget.require_body(Character(flat, character.bone_map).points)
