"""Another pose than the bind pose as the one that a rig's bones are measured from."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from mathutils import Matrix, Quaternion

from tests.blender import character
from tests.blender.character import Build
from tests.blender.measure import module, posed

P = "mixamorig:"
DROP = 0.7
SIDES = ("Left", "Right")
ARMS = [(side + a, side + b) for side in SIDES for a, b in (("Arm", "ForeArm"), ("ForeArm", "Hand"))]
LEGS = [(side + a, side + b) for side in SIDES for a, b in (("UpLeg", "Leg"), ("Leg", "Foot"))]


def calibration(rig):
    return bpy.context.window_manager.posewright.maps.of(bpy.context, rig).bone_map.calibration


def directions(rig, limbs) -> np.ndarray:
    """(T, limbs, 3) unit directions in the world of the generated motion, every tenth frame."""
    out = []
    for frame in range(1, 61, 10):
        bpy.context.scene.frame_set(frame)
        ways = np.array([posed(rig, P + b) - posed(rig, P + a) for a, b in limbs])
        out.append(ways / np.linalg.norm(ways, axis=-1, keepdims=True))
    bpy.context.scene.frame_set(1)  # where the next one begins
    return np.array(out)


def degrees(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.rad2deg(2 * np.arcsin(np.clip(np.linalg.norm(a - b, axis=-1).max() / 2, 0, 1))))


def turn(rig, bone: str, about: str, angle: float) -> None:
    """Turn a pose bone about an axis of the armature."""
    pose_bone = rig.pose.bones[P + bone]
    head = Matrix.Translation(pose_bone.head)
    pose_bone.matrix = head @ Matrix.Rotation(angle, 4, about) @ head.inverted() @ pose_bone.matrix
    bpy.context.view_layer.update()


def into_t(rig) -> None:
    """Raise the arms of a rig that was bound with them down."""
    turn(rig, "LeftArm", "Y", -DROP)
    turn(rig, "RightArm", "Y", DROP)


def to_rest(rig) -> None:
    for bone in rig.pose.bones:
        bone.matrix_basis = Matrix()
    bpy.context.view_layer.update()


def test_the_bind_pose_changes_nothing(scene, backend, generate):
    rig, _ = character.make(Build(arms_down=DROP))
    backend()
    assert not generate()
    before = directions(rig, ARMS + LEGS)
    bpy.ops.posewright.discard()
    to_rest(rig)
    bpy.ops.posewright.calibrate(pose="frame")
    made = calibration(rig)
    assert not made.t_pose and len(made.rotations) == 22
    assert all(np.allclose(q, (1, 0, 0, 0), atol=1e-6) for q in made.rotations.values())
    assert not generate()
    assert degrees(directions(rig, ARMS + LEGS), before) < 0.01


@pytest.mark.parametrize(("pose", "limbs"), [("frame", ARMS + LEGS), ("t_pose", ARMS)])
def test_an_a_pose_rig_calibrated_in_t(scene, backend, generate, pose, limbs):
    """Its arms go where they go without. As a T-pose the legs may differ: theirs is not quite the canonical one."""
    rig, _ = character.make(Build(arms_down=DROP, rolls=3))
    backend()
    assert not generate()
    before = directions(rig, limbs)
    bpy.ops.posewright.discard()
    to_rest(rig)
    into_t(rig)
    bpy.ops.posewright.calibrate(pose=pose)
    assert calibration(rig).t_pose == (pose == "t_pose")
    to_rest(rig)
    assert not generate()
    assert degrees(directions(rig, limbs), before) < 0.1


def test_a_bind_pose_that_shows_nothing(scene, backend, generate):
    """Bound with the forearms folded onto the upper arms' way by a quarter turn: only a calibration tells how the
    elbows stand; the rig then moves as one that was bound in T."""
    straight, _ = character.make()
    backend()
    assert not generate()
    goal = directions(straight, ARMS)
    rig, _ = character.make(name="Folded")
    turn(rig, "LeftForeArm", "Z", 1.2)
    turn(rig, "RightForeArm", "Z", -1.2)
    bpy.ops.object.mode_set(mode="POSE")
    bpy.ops.pose.armature_apply()
    bpy.ops.object.mode_set(mode="OBJECT")
    turn(rig, "LeftForeArm", "Z", -1.2)
    turn(rig, "RightForeArm", "Z", 1.2)
    bpy.ops.posewright.calibrate(pose="frame")
    to_rest(rig)
    assert not generate()
    assert degrees(directions(rig, ARMS), goal) < 0.1


def test_a_preset_brings_the_pose_to_a_larger_rig(scene, backend, generate):
    """Calibrated on one body, used on another with the same bones: it moves as if it was calibrated itself."""
    rig, _ = character.make(Build(arms_down=DROP))
    into_t(rig)
    bpy.ops.posewright.calibrate(pose="frame")
    bpy.ops.posewright.map_save_preset()
    large, _ = character.make(Build(scale=3.0, arms_down=DROP), "Large")
    heads = {bone: np.array(head) for bone, head in calibration(large).heads.items()}
    into_t(large)
    bpy.ops.posewright.calibrate(pose="frame")
    for bone, head in calibration(large).heads.items():
        assert np.allclose(heads[bone], head, atol=1e-4), bone
    bpy.ops.posewright.map_reset()
    bpy.ops.posewright.map_forget_preset()


def test_it_is_cleared_saved_with_the_map_and_says_what_it_is(scene, tmp_path):
    rig, _ = character.make()
    into_t(rig)
    bpy.ops.posewright.calibrate(pose="t_pose")
    made = calibration(rig)
    bpy.ops.posewright.map_save(filepath=str(tmp_path / "a.json"))
    bpy.ops.posewright.calibrate(pose="bind")
    assert calibration(rig) is None
    bpy.ops.posewright.map_load(filepath=str(tmp_path / "a.json"))
    assert calibration(rig) == made
    describe = module("ui.calibrate_operator").describe
    assert describe(made) == "a T-pose set by hand (22 bones)" and describe(None) == "its bind pose"


def test_scaled_bones_are_no_rotation():
    away = module("rig.bone_maps.calibrate").away_from_rest
    rest = np.array([Quaternion((1, 0, 0), 0.4).to_matrix()], float)
    by = Quaternion((0, 0, 1), 0.5)
    posed_matrix = np.array([(by.to_matrix() @ Quaternion((1, 0, 0), 0.4).to_matrix()) @ Matrix.Scale(2.0, 3)], float)
    assert np.allclose(away(posed_matrix, rest), [tuple(by)], atol=1e-6)


def test_a_rig_without_a_map_is_not_calibrated(scene):
    rig, _ = character.make()
    for slot in ("left_elbow", "right_elbow"):
        bpy.ops.posewright.map_clear(slot=slot)
    with pytest.raises(RuntimeError, match="Set the bones first. No bones are set for: left elbow, right elbow"):
        bpy.ops.posewright.calibrate(pose="t_pose")
    assert rig.animation_data is None
