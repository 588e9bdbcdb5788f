"""Motions from files and from another armature onto the selected rig, through the add-on's operators."""

from __future__ import annotations

import math
from types import SimpleNamespace

import bpy
import numpy as np
import pytest
from mathutils import Matrix

from tests.blender import character
from tests.blender.body_plan import Build, bone_map
from tests.blender.driving import drive, swinging
from tests.blender.measure import held, module, posed

FRAMES, STEP = 25, 4
HIPS = "mixamorig:Hips"
PERFORMER = Build(arms_down=0.7, rolls=6, root_bone=True)
FILES = ("walk.bvh", "walk.npz", "amass.npz", "walk.glb", "walk.fbx")
LIMBS = tuple(
    tuple(f"mixamorig:{side}{part}" for part in limb)
    for side in ("Left", "Right")
    for limb in (("UpLeg", "Leg"), ("Leg", "Foot"), ("Arm", "ForeArm"), ("ForeArm", "Hand"))
)


def directions(rig, frames) -> np.ndarray:
    """(T, 8, 3) unit directions of the limbs in the world."""
    found = []
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        ways = np.array([posed(rig, below) - posed(rig, above) for above, below in LIMBS])
        found.append(ways / np.linalg.norm(ways, axis=-1, keepdims=True))
    return np.array(found)


def degrees_apart(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.rad2deg(2.0 * np.arcsin(np.clip(np.linalg.norm(a - b, axis=-1) / 2.0, 0.0, 1.0)).max()))


@pytest.fixture(scope="module")
def walk(addon, tmp_path_factory) -> SimpleNamespace:
    """A character that walks at 24 frames a second, in every kind of file; ``ways``: how its limbs point."""
    folder = tmp_path_factory.mktemp("motions")
    scene = performer()
    rig = bpy.context.active_object
    ways = directions(rig, range(1, FRAMES + 1, STEP))
    bpy.ops.export_scene.gltf(filepath=str(folder / "walk.glb"), export_format="GLB")
    bpy.ops.export_scene.fbx(filepath=str(folder / "walk.fbx"), add_leaf_bones=False, bake_anim_simplify_factor=0.0)
    character.select(rig)
    pose = module("rig.reading.read").read_rig(bpy.context, rig, bone_map(PERFORMER))
    motion = module("rig.reading.read_motion").read_motion(bpy.context, rig, pose, range(1, FRAMES + 1))
    module("backend.motion.formats.bvh").write(folder / "walk.bvh", motion)
    module("backend.motion.formats.npz").write(folder / "walk.npz", motion)
    canonical = module("backend.motion.retarget").retarget(motion)
    module("backend.motion.smplx_io").write(folder / "amass.npz", canonical)
    way = canonical.root[-1] - canonical.root[0]
    assert scene.render.fps == 24
    return SimpleNamespace(folder=folder, ways=ways, way=way / canonical.skeleton.leg_length)


def performer(name: str = "Performer") -> bpy.types.Scene:
    """An empty scene with the character that walks from frame 1 on, active."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps, scene.frame_end = 24, FRAMES
    rig, _ = character.make(PERFORMER, name)
    pose = module("rig.reading.read").read_rig(bpy.context, rig, bone_map(PERFORMER))
    motion = swinging(pose.skeleton, FRAMES)
    drive(rig, PERFORMER, module("backend.motion.motion").Motion(motion.skeleton, motion.root, motion.rotations, 24))
    rig.animation_data.action.name = "Walk"
    return scene


@pytest.fixture
def rig(scene):
    """The character that takes the motion, selected in Pose Mode; limbs keep their directions."""
    scene.render.fps, scene.frame_current = 24, 5
    scene.posewright.feet_correction = scene.posewright.hands_correction = 0.0
    made, _ = character.make(Build(scale=1.3), "Taker")
    bpy.ops.object.mode_set(mode="POSE")
    return made


def retarget(path, **how) -> str:
    """The message of the error, or nothing when it went well."""
    try:
        done = bpy.ops.posewright.retarget_file("EXEC_DEFAULT", True, filepath=str(path), **how)
    except RuntimeError as error:
        return str(error)
    assert done == {"FINISHED"}
    return ""


@pytest.mark.parametrize("name", FILES)
def test_a_file(walk, rig, state, name):
    """From the playhead on every limb points where the source's does; nothing of the file stays but one action."""
    before = held()
    bpy.context.scene.frame_set(5)
    assert not retarget(walk.folder / name)
    made = [thing for thing in held() if thing not in before]
    assert made == [("Action", f"PW {name.partition('.')[0]}")]
    scene = bpy.context.scene
    assert (scene.frame_current, bpy.context.mode, bpy.context.active_object) == (5, "POSE", rig)
    assert rig.animation_data.action.frame_range[:] == (5, 4 + FRAMES)
    assert degrees_apart(directions(rig, range(5, 5 + FRAMES, STEP)), walk.ways) < 0.5
    hips = [place(rig, "mixamorig:Hips", frame) for frame in (5, 4 + FRAMES)]
    moved = (hips[1] - hips[0]) / module("backend.motion.retarget").leg_length(_points(rig))
    assert moved == pytest.approx(walk.way, abs=0.05)
    assert f"frames 5 to 29, from {name}" in state.message and f": {FRAMES} frames at 24 fps" in state.message


def place(rig, bone: str, frame: int) -> np.ndarray:
    bpy.context.scene.frame_set(frame)
    return posed(rig, bone)


def _points(rig) -> dict:
    return module("rig.reading.read").read_rig(bpy.context, rig, bone_map(Build(scale=1.3))).points


@pytest.mark.parametrize("name", ["walk.glb", "walk.bvh"])
def test_at_the_rate_of_the_scene(walk, rig, name):
    """The motion takes as many seconds as in the file."""
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 30, 1.001
    scene.frame_set(1)
    assert not retarget(walk.folder / name)
    assert rig.animation_data.action.frame_range[1] == pytest.approx(1 + 30 / 1.001, abs=0.51)
    at = 1 + round(12 / 24 * 30 / 1.001)
    assert degrees_apart(directions(rig, [at]), walk.ways[3:4]) < 2.0


def test_unkeyed_poses_of_the_scene_stay(walk, rig):
    """The importers need the window's scene: what others hold without a key is as it was afterwards."""
    other, _ = character.make(Build(), "Other")
    bone, scene = other.pose.bones["mixamorig:LeftArm"], bpy.context.scene
    bone["switch"] = 0.25
    for path in ("rotation_quaternion", '["switch"]'):
        bone.keyframe_insert(path, frame=1)
    other.keyframe_insert("location", frame=1)
    bone.rotation_quaternion, bone["switch"], other.location = (0.5, 0.5, 0.5, 0.5), 0.75, (1.0, 2.0, 3.0)
    character.select(rig)
    for name in ("walk.glb", "walk.fbx"):
        assert not retarget(walk.folder / name)
        assert tuple(bone.rotation_quaternion) == (0.5, 0.5, 0.5, 0.5)
        assert bone["switch"] == 0.75 and tuple(other.location) == (1.0, 2.0, 3.0)
        assert bpy.context.window.scene == scene


def test_where_the_armature_stands(walk, rig):
    """The file's world is laid to the rig's own place: there it begins, turned as the armature is."""
    rig.location, rig.rotation_euler = (4.0, 1.0, 0.5), (0.0, 0.0, np.pi / 2)
    bpy.context.view_layer.update()
    assert not retarget(walk.folder / "walk.glb")
    begin, end = (place(rig, "mixamorig:Hips", frame) for frame in (5, 4 + FRAMES))
    assert begin[[0, 2]] == pytest.approx((4.0, -1.0), abs=0.1)
    assert end[0] - begin[0] > 0.8  # the source walks along +Z
    assert begin[1] > 1.5


def test_a_wrist_that_is_taken_for_the_end_of_the_forearm(walk, rig):
    """As in CMU's recordings, where two joints lie in one place: the forearm points where its first bone does."""
    maps, rotations = module("backend.motion.bone_map"), module("backend.motion.rotations")
    motion = module("backend.motion.formats.npz").read(walk.folder / "walk.npz")
    skeleton, elbow, wrist = motion.skeleton, *(motion.skeleton.index(f"left_{n}") for n in ("elbow", "wrist"))
    names, parents = (*skeleton.names, "left_bend"), [*skeleton.parents, elbow]
    bent = rotations.from_axis_angle(np.array([0.0, 0.0, 1.0]), np.sin(np.arange(FRAMES)))
    make = module("backend.motion.skeleton").Skeleton
    single = make("other", skeleton.names, skeleton.parents, skeleton.offsets)
    doubled = make("other", names, tuple(parents), np.concatenate([skeleton.offsets, skeleton.offsets[[wrist]]]))
    motion = module("backend.motion.motion").Motion(single, motion.root, motion.rotations, 24)
    turned = np.concatenate([motion.rotations, bent[:, None]], axis=1)
    source = module("backend.motion.motion").Motion(doubled, motion.root, turned, 24)
    slots = {name: (name,) for name in skeleton.names} | {"left_elbow": ("left_elbow", "left_bend")}
    retargeting = module("rig.sources.retargeting")
    pose = module("rig.reading.read").read_rig(bpy.context, rig, bone_map(Build(scale=1.3)))
    found = [
        retargeting.retargeted(retargeting.Source(one, mapped, ""), pose, 24, None)
        for one, mapped in ((motion, None), (source, maps.BoneMap("doubled", slots)))
    ]
    places = [module("backend.motion.kinematics").joint_positions(m)[:, [elbow, wrist]] for m in found]
    assert places[0] == pytest.approx(places[1], abs=1e-6)


@pytest.mark.parametrize("build", [Build(scale=1.3), PERFORMER], ids=["other proportions", "the performer's"])
def test_a_motion_on_the_rig_itself_stays_as_it_is(scene, build):
    """As from another armature of the same make: its rest pose is known, whatever its joints look like."""
    made, _ = character.make(build, "Twin")
    pose = module("rig.reading.read").read_rig(bpy.context, made, bone_map(build))
    motion, retargeting = swinging(pose.skeleton, FRAMES), module("rig.sources.retargeting")
    found = retargeting.retargeted(retargeting.Source(motion, None, ""), pose, motion.fps, None)
    turned = module("backend.motion.rotations").angle_between(found.rotations, motion.rotations)
    assert np.rad2deg(turned).max() < 0.05


def test_several_animations_in_one_file(walk, rig, state, tmp_path):
    performer()
    made = bpy.context.active_object
    data = made.animation_data
    data.action.use_fake_user = True
    still = data.action.copy()
    still.name = "Stand"
    still.use_fake_user = True
    for name in ("Walk", "Stand"):
        data.nla_tracks.new().strips.new(name, 1, bpy.data.actions[name])
    bpy.ops.export_scene.gltf(filepath=str(tmp_path / "two.glb"), export_format="GLB")
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    character.make()
    assert "Type one of these: " in retarget(tmp_path / "two.glb", animation="Fly")
    assert not retarget(tmp_path / "two.glb", animation="Stand")
    assert "'Stand'" in state.message and "also holds Walk" in state.message


def test_from_another_armature(rig, state, scene):
    other, _ = character.make(PERFORMER, "Performer")
    driven = drive(other, PERFORMER, start=11)
    other.location = (3.0, 0.0, 0.0)
    scene.frame_set(1)
    ways = directions(other, range(11, 71, STEP))
    character.select(rig)
    scene.posewright.source = other
    scene.frame_set(5)
    assert bpy.ops.posewright.retarget_action("EXEC_DEFAULT", True) == {"FINISHED"}
    assert degrees_apart(directions(rig, range(5, 65, STEP)), ways) < 0.5
    assert abs(place(rig, "mixamorig:Hips", 5)[0]) < 0.2  # beside its own object, not the source's
    assert other.animation_data.action == driven.applied.action
    assert "of 'Performer': 60 frames" in state.message


def test_with_limb_correction_the_feet_get_where_the_source_has_them(walk, rig):
    scene = bpy.context.scene
    assert not retarget(walk.folder / "walk.glb")
    plain = directions(rig, [17])
    scene.posewright.feet_correction = scene.posewright.hands_correction = 1.0
    scene.frame_set(5)
    assert not retarget(walk.folder / "walk.glb")
    assert 0.05 < degrees_apart(directions(rig, [17]), plain) < 60.0


def test_discarded_again(walk, rig):
    rig.keyframe_insert("location", frame=1)
    action = rig.animation_data.action
    assert not retarget(walk.folder / "walk.bvh")
    assert rig.animation_data.action != action
    assert bpy.ops.posewright.discard("EXEC_DEFAULT", True) == {"FINISHED"}
    assert rig.animation_data.action == action


BAD = {
    "broken.bvh": (b"HIERARCHY\nROOT hips\n{", "MOTION"),
    "broken.fbx": (b"no fbx at all", "cannot import 'broken.fbx'"),
    "broken.glb": (b"glTF but not really", "cannot import 'broken.glb'"),
    "broken.npz": (b"PK but not really", "no NPZ file"),
    "motion.txt": (b"", "no known kind"),
}


@pytest.mark.parametrize("name", [*BAD, "missing.bvh"])
def test_files_that_cannot_be_read(rig, state, tmp_path, name):
    content, words = BAD.get(name, (None, "no file"))
    if content is not None:
        (tmp_path / name).write_bytes(content)
    before = held()
    message = retarget(tmp_path / name)
    assert words in message and "Nothing was changed." in message and state.failed
    assert "Location:" not in message and ".py:" not in message  # where Blender's importer gave up
    assert held() == before and bpy.context.mode == "POSE" and bpy.context.active_object == rig


@pytest.mark.parametrize("kind", ["still.glb", "prop.glb", "snake.bvh"])
def test_files_without_a_persons_motion(walk, rig, tmp_path, kind):
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    words = {"still.glb": "no animation", "prop.glb": "no armature", "snake.bvh": "no bone map fits"}[kind]
    if kind == "snake.bvh":
        motions, skeletons = module("backend.motion.motion"), module("backend.motion.skeleton")
        snake = skeletons.Skeleton("other", ("a", "b", "c"), (-1, 0, 1), np.eye(3))
        still = motions.Motion(snake, np.zeros((5, 3)), np.tile([1.0, 0, 0, 0], (5, 3, 1)))
        module("backend.motion.formats.bvh").write(tmp_path / kind, still)
    else:
        if kind == "still.glb":
            character.make()
        else:
            bpy.ops.mesh.primitive_cube_add()
        bpy.ops.export_scene.gltf(filepath=str(tmp_path / kind), export_format="GLB")
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    character.make()
    before = held()
    assert words in retarget(tmp_path / kind)
    assert held() == before


def test_sources_that_are_refused(rig, state, scene):
    other, _ = character.make(Build(), "Other")
    character.select(rig)
    wishes = scene.posewright

    def why() -> str:
        with pytest.raises(RuntimeError) as refused:
            bpy.ops.posewright.retarget_action("EXEC_DEFAULT", True)
        return str(refused.value)

    assert "Choose the armature" in why()
    wishes.source = rig
    assert "both source and target" in why()
    wishes.source = other
    assert "has no action" in why()
    other.keyframe_insert("location", frame=1)
    assert "less than two frames" in why()
    other.keyframe_insert("location", frame=9)
    other.scale = (1, 2, 1)
    bpy.context.view_layer.update()
    assert "not scaled evenly" in why()
    other.scale = (1, 1, 1)
    other.data.bones["mixamorig:LeftLeg"].name = "x"
    other.data.bones["mixamorig:LeftFoot"].name = "y"
    bpy.context.view_layer.update()
    other.data.pose_position = "REST"
    assert "rest position" in why()
    assert rig.animation_data is None


def test_in_slices_and_ended_by_escape(walk, rig, state, monkeypatch):
    """As in a window: each event does a slice of work; Esc leaves everything as it was."""
    stepwise = module("ui.stepwise")
    redrawn = []
    monkeypatch.setattr(stepwise, "_SLICE", 0.0)
    monkeypatch.setattr(module("ui.runtime"), "_redraw", lambda: redrawn.append(state.message))
    stopped, told, before = [], [], held()
    manager = SimpleNamespace(
        event_timer_remove=stopped.append, progress_update=told.append, progress_end=lambda: None, posewright=state
    )
    context = SimpleNamespace(window_manager=manager)

    class Work(stepwise.Stepwise):
        def report(self, kind, text):
            pass

        def steps(self, context):
            source = yield from module("rig.sources.motion_files").reading_file(bpy.context, walk.folder / "walk.glb")
            return source.what

    for end in ("done", "escape"):
        work, events = Work(), 0
        work._work, work._timer = work.steps(context), end
        while work.modal(context, SimpleNamespace(type="TIMER")) == {"RUNNING_MODAL"}:
            events += 1
            if end == "escape" and events == 9:
                assert len(held()) > len(before)  # it is in the middle of it
                assert work.modal(context, SimpleNamespace(type="ESC")) == {"CANCELLED"}
                break
        assert held() == before and stopped.pop() == end
        assert redrawn  # no timer of ours runs that would do it
        redrawn.clear()
        assert (events > FRAMES and "25 frames" in state.message) if end == "done" else "Cancelled" in state.message
    assert max(told) == 100.0


@pytest.mark.parametrize("length", [40, 54, 62, 63])
def test_a_long_name_of_which_blender_cuts_the_end_off(walk, rig, state, tmp_path, length):
    """The importer of Blender 4.2 puts the armature's name behind it, as far as there is room."""
    performer()
    long = "PW a person walks forward slowly and waves with the right hand to a friend"[:length]
    bpy.context.active_object.animation_data.action.name = long
    bpy.ops.export_scene.gltf(filepath=str(tmp_path / "long.glb"), export_format="GLB")
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    taker, _ = character.make(Build(scale=1.3), "Taker")
    bpy.context.scene.posewright.feet_correction = bpy.context.scene.posewright.hands_correction = 0.0
    assert not retarget(tmp_path / "long.glb")
    assert degrees_apart(directions(taker, range(1, FRAMES + 1, STEP)), walk.ways) < 0.5


def test_a_bvh_with_z_up(walk, rig, state, tmp_path):
    """As Blender itself exports it: the file does not say so, its rest pose does."""
    build = Build(arms_down=0.7, rolls=6)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps = 30
    performer, _ = character.make(build, "Performer")
    drive(performer, build)
    frames = range(1, 61, STEP)
    ways, way = directions(performer, frames), place(performer, HIPS, 60) - place(performer, HIPS, 1)
    bpy.ops.export_anim.bvh(filepath=str(tmp_path / "blender.bvh"), frame_start=1, frame_end=60)
    taker, _ = character.make(Build(scale=1.3), "Taker")
    scene.posewright.feet_correction = scene.posewright.hands_correction = 0.0
    scene.frame_set(1)
    assert not retarget(tmp_path / "blender.bvh")
    assert degrees_apart(directions(taker, frames), ways) < 0.5
    assert place(taker, HIPS, 60) - place(taker, HIPS, 1) == pytest.approx(1.3 * way, abs=0.05)
    assert "Z is up in it" in state.message


def test_what_a_bvh_holds_and_is_not_taken_is_said(walk, rig, state, tmp_path):
    """Blender's export of a rig with a root bone moves the hips below it, which a Motion does not hold."""
    performer()
    bpy.ops.export_anim.bvh(filepath=str(tmp_path / "root.bvh"), frame_start=1, frame_end=FRAMES)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    character.make(Build(scale=1.3), "Taker")
    assert not retarget(tmp_path / "root.bvh")
    assert f"position channels of 1 joints below the root are ignored: {HIPS}" in state.message


def test_a_body_that_faces_another_way_in_its_object_goes_where_it_faces(scene, walk):
    """A Biped's object is turned, a VRM's body is: what counts is where the body faces."""
    ways = []
    for turned in (0.0, math.pi / 2, math.pi):
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        rig, _ = character.make()
        rig.data.transform(Matrix.Rotation(turned, 4, "Z"))
        bpy.context.view_layer.update()
        assert bpy.ops.posewright.retarget_file(filepath=str(walk.folder / "walk.glb")) == {"FINISHED"}
        first, last = (posed_at(rig, frame) for frame in (1, 20))
        ways.append((last - first) @ np.array(Matrix.Rotation(turned, 3, "Z")))
    assert np.abs(np.diff(ways, axis=0)).max() < 1e-3


def posed_at(rig, frame: int) -> np.ndarray:
    """(3,) the hips' head in Blender's axes."""
    bpy.context.scene.frame_set(frame)
    return np.array(rig.matrix_world @ rig.pose.bones["mixamorig:Hips"].head)
