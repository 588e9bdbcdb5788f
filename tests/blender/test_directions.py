"""Every limb points where the source's does, whatever the rig's proportions, rest pose, bone axes and bones are."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from tests.blender import character
from tests.blender.body_plan import Build, bone_map
from tests.blender.driving import Driven, drive, played, swinging
from tests.blender.measure import module, posed

BUILDS = {
    "t-pose": Build(),
    "a-pose": Build(arms_down=0.8),
    "random rolls": Build(rolls=7),
    "bones along x": Build(along_x=True),
    "centimetres": Build(scale=100.0, rolls=2),
    "long spine, split limbs": Build(spine_bones=6, neck_bones=3, split=True, arms_down=0.5, rolls=3),
    "one spine bone": Build(spine_bones=1, rolls=5),
    "twist bones": Build(spine_bones=2, twist_bones=2, along_x=True),
    "everything at once": Build(arms_down=-0.4, rolls=4, along_x=True, flags=True, root_bone=True, mode="ZYX"),
}
LIMBS = [
    (side + a, side + b)
    for side in ("left_", "right_")
    for a, b in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
]


def misled(driven: Driven, source) -> dict[tuple[str, str], float]:
    """Limb -> largest angle in degrees between it in Blender and in ``source``, over all frames."""
    positions = module("backend.motion.kinematics").joint_positions(source)
    slots, found = driven.pose.bone_map.slots, {}
    ends = sorted({slot for limb in LIMBS for slot in limb})
    seen = dict(zip(ends, np.moveaxis(played(driven, lambda: [posed(driven.rig, slots[s][0]) for s in ends]), 1, 0)))
    for a, b in LIMBS:
        got, wanted = seen[b] - seen[a], positions[:, source.skeleton.index(b)] - positions[:, source.skeleton.index(a)]
        across = np.linalg.norm(np.cross(got, wanted), axis=-1)
        found[a, b] = float(np.rad2deg(np.arctan2(across, np.einsum("ti,ti->t", got, wanted))).max())
    return found


@pytest.mark.parametrize("name", BUILDS)
def test_limbs_point_where_the_sources_do(scene, name):
    """On a motion that turns about all axes, limbs by up to 100 degrees and the body by several whole turns."""
    build = BUILDS[name]
    rig, _ = character.make(build)
    rig.scale = (1.0 / build.scale,) * 3
    bpy.context.view_layer.update()
    body = module("rig.reading.read").read_rig(bpy.context, rig, bone_map(build)).skeleton
    source = swinging(module("backend.motion.skeleton").canonical(), frames=90, size=1.0, turn=7.0)
    motion = module("backend.motion.retarget").retarget(source, None, body)
    driven = drive(rig, build, motion)
    assert max(misled(driven, source).values()) < 0.01
