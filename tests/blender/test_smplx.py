"""A character from a user's SMPL-X or SMPL-H file, with a made-up model in the layout of the real ones."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from tests import synthetic_body_model
from tests.blender.measure import module

BETAS = (1.5, -2.0, 0.5)


@pytest.fixture
def file(tmp_path):
    return synthetic_body_model.write(tmp_path / "SMPLX_NEUTRAL.npz")


@pytest.fixture
def model(file):
    return module("backend.motion.body_model").read_model(file)


def add(file, **options) -> bpy.types.Object:
    """Add the character through the operator; returns the armature."""
    assert bpy.ops.posewright.add_smplx(filepath=str(file), **options) == {"FINISHED"}
    return bpy.context.active_object


def error_of(file, **options) -> str:
    """What the operator says when it refuses; nothing may be left of the character then."""
    with pytest.raises(RuntimeError) as caught:
        bpy.ops.posewright.add_smplx(filepath=str(file), **options)
    assert not any((bpy.data.objects, bpy.data.meshes, bpy.data.armatures, bpy.data.shape_keys))
    return str(caught.value)


def z_up(points) -> np.ndarray:
    points = np.asarray(points)
    return np.stack([points[..., 0], -points[..., 2], points[..., 1]], axis=-1)


def heads(rig, names) -> np.ndarray:
    return np.array([rig.data.bones[n].head_local for n in names])


def vertices(rig) -> np.ndarray:
    """(V, 3) the evaluated mesh in the world."""
    body = rig.children[0].evaluated_get(bpy.context.evaluated_depsgraph_get())
    return np.array([body.matrix_world @ v.co for v in body.data.vertices])


def skinned(model, motion, betas, frame: int) -> np.ndarray:
    """(V, 3) linear blend skinning by numpy alone, Y up, of a Motion on the model's own skeleton."""
    kinematics, rotations = module("backend.motion.kinematics"), module("backend.motion.rotations")
    positions, world = kinematics.pose(motion)
    rest, ours = model.joints(betas), list(model.ours)
    turned = np.tile(rotations.IDENTITY, (len(model.parents), 1))
    placed = np.zeros((len(model.parents), 3))
    turned[ours], placed[ours] = world[frame], positions[frame]
    for joint in sorted(set(range(len(model.parents))) - set(ours)):  # jaw and eyes go with the head
        parent = model.parents[joint]
        turned[joint] = turned[parent]
        placed[joint] = placed[parent] + rotations.rotate(turned[parent], rest[joint] - rest[parent])
    offsets = model.rest_vertices(betas)[:, None] - rest
    moved = rotations.rotate(turned[None], offsets) + placed
    return np.einsum("vj,vjk->vk", model.weights, moved)


def moving(model, betas, frames: int = 12):
    """A Motion of all 52 joints on the body's own skeleton, standing where the body does at rest."""
    rotations, motion = module("backend.motion.rotations"), module("backend.motion.motion")
    random = np.random.default_rng(3)
    vectors = np.cumsum(random.normal(0, 0.04, (frames, 52, 3)), axis=0)
    root = model.joints(betas)[0] + np.cumsum(random.normal(0, 0.02, (frames, 3)), axis=0)
    return motion.Motion(model.skeleton("smplx52", betas), root, rotations.exp(vectors), 30)


def test_the_character_stands_on_the_floor_in_metres_with_the_standard_names(scene, file, model):
    rig = add(file, betas="1.5, -2, 0.5")
    assert rig.mode == "OBJECT" and rig.select_get()
    assert [b.name for b in rig.data.bones][0] == "root" and len(rig.data.bones) == 56
    assert {b.parent.name for b in rig.data.bones if b.name in ("pelvis", "jaw", "left_index1")} == {
        "root", "head", "left_wrist",
    }  # fmt: skip
    rest = z_up(model.rest_vertices(BETAS))
    lift = np.array([0.0, 0.0, -rest[:, 2].min()])
    assert np.abs(vertices(rig) - (rest + lift)).max() < 1e-5
    assert np.abs(heads(rig, model.names) - (z_up(model.joints(BETAS)) + lift)).max() < 1e-5
    foot, arm, knee, ankle = (rig.data.bones["left_" + n] for n in ("foot", "shoulder", "knee", "ankle"))
    assert foot.tail_local.y < foot.head_local.y - 0.02 and arm.tail_local.x > arm.head_local.x + 0.2
    assert (knee.tail_local - ankle.head_local).length < 1e-6


def test_shape_keys_and_weights_are_the_model_s(scene, file, model):
    body = add(file, betas="1.5 -2 0.5", shape_keys=2).children[0]
    keys = body.data.shape_keys.key_blocks
    assert keys.keys() == ["Basis", "Shape000", "Shape001", "Shape002"]
    assert np.allclose([k.value for k in keys[1:]], BETAS)
    moved = np.array([a.co - b.co for a, b in zip(keys["Shape001"].data, keys["Basis"].data)])
    assert np.abs(moved - z_up(model.shapes[:, :, 1])).max() < 1e-6
    assert len(body.data.polygons) == 110
    for vertex in list(body.data.vertices)[::7]:
        found = {body.vertex_groups[g.group].name: g.weight for g in vertex.groups}
        expected = {n: w for n, w in zip(model.names, model.weights[vertex.index]) if w > 0}
        assert found.keys() == expected.keys()
        assert np.allclose(list(found.values()), list(expected.values()), atol=1e-6)


def test_bones_follow_a_changed_shape_when_asked(scene, file, model):
    rig = add(file)
    keys = rig.children[0].data.shape_keys.key_blocks
    keys["Shape000"].value, keys["Shape003"].value = 3.0, -1.0
    assert bpy.ops.posewright.fit_smplx_bones() == {"FINISHED"}
    betas = (3.0, 0, 0, -1.0)
    lift = -z_up(model.rest_vertices(betas))[:, 2].min()
    assert np.abs(heads(rig, model.names) - z_up(model.joints(betas)) - [0, 0, lift]).max() < 1e-5
    assert abs(vertices(rig)[:, 2].min()) < 1e-5
    keys["Shape003"].mute = True
    bpy.ops.posewright.fit_smplx_bones()
    lift = -z_up(model.rest_vertices((3.0,)))[:, 2].min()
    assert np.abs(heads(rig, model.names) - z_up(model.joints((3.0,))) - [0, 0, lift]).max() < 1e-5


def test_other_units_and_the_cursor(scene, file, model):
    scene.unit_settings.scale_length = 0.01
    scene.cursor.location = (50.0, 20.0, 0.0)
    rig = add(file)
    bpy.context.view_layer.update()
    assert tuple(rig.matrix_world.translation) == (50.0, 20.0, 0.0)
    height = np.ptp(model.rest_vertices()[:, 1])
    assert abs(np.ptp(vertices(rig)[:, 2]) - 100 * height) < 1e-3


def animate(rig, model, betas):
    """Put random movement on the character; returns it on the model's own skeleton, the floor of the rig's joints at 0,
    and how high the rig's own floor is."""
    bone_map = module("backend.motion.bone_presets").match(rig.data.bones.keys())
    pose = module("rig.reading.read").read_rig(bpy.context, rig, bone_map)
    motion = moving(model, betas)
    lift = np.array([0.0, -model.rest_vertices(betas)[:, 1].min(), 0.0])
    motion = motion.moved(offset=lift - [0.0, pose.floor, 0.0])
    onto = module("backend.motion.retarget").retarget(motion, None, pose.skeleton)
    module("rig.writing.write").apply_motion(bpy.context, rig, pose, onto, 1, "random")
    return motion, pose.floor


def bones_at(rig, frames) -> np.ndarray:
    """(T, N, 4, 4) evaluated bones in armature space."""
    found = []
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        posed = rig.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
        found.append([np.array(bone.matrix) for bone in posed])
    return np.array(found)


@pytest.mark.parametrize("betas", [(), BETAS])
def test_a_motion_moves_the_mesh_as_linear_skinning_says(scene, file, model, betas):
    rig = add(file, betas=" ".join(map(str, betas)))
    motion, floor = animate(rig, model, betas)
    for frame in (0, 5, 11):
        scene.frame_set(1 + frame)
        expected = z_up(skinned(model, motion, betas, frame) + [0.0, floor, 0.0])
        assert np.abs(vertices(rig) - expected).max() < 1e-3


@pytest.mark.parametrize("layout", ["smplx", "smplh", "body"])
def test_the_character_s_motion_as_an_amass_file_is_the_body_s_own(scene, tmp_path, layout):
    file = synthetic_body_model.write(tmp_path / "SMPLX_FEMALE.npz")
    model = module("backend.motion.body_model").read_model(file)
    rig = add(file, betas="1.5, -2, 0.5")
    motion, floor = animate(rig, model, BETAS)
    scene.frame_start, scene.frame_end = 1, len(motion)
    out = str(tmp_path / "out.npz")
    assert bpy.ops.posewright.export_amass(filepath=out, layout=layout) == {"FINISHED"}
    smplx_io, rotations = module("backend.motion.smplx_io"), module("backend.motion.rotations")
    parameters = smplx_io.read_parameters(out)
    assert parameters.gender == "female" and np.allclose(parameters.betas[:3], BETAS) and parameters.fps == 30
    back = smplx_io.to_motion(parameters, model)
    lifted = motion.root + [0.0, floor, 0.0]
    assert np.abs(back.root - lifted).max() < 1e-3
    joints = back.rotations.shape[1]
    assert joints == {"smplx": 52, "smplh": 52, "body": 22}[layout]
    off = rotations.multiply(rotations.inverse(back.rotations), motion.rotations[:, :joints])
    assert np.degrees(np.linalg.norm(rotations.log(off), axis=-1)).max() < 0.05


def test_an_export_that_fails_says_why_in_one_sentence(scene, state, tmp_path, capfd):
    file = synthetic_body_model.write(tmp_path / "SMPLX_FEMALE.npz")
    add(file)
    scene.frame_start, scene.frame_end = 1, 3
    out = tmp_path / "nowhere" / "out.npz"
    with pytest.raises(RuntimeError, match="Nothing was changed"):
        bpy.ops.posewright.export_amass(filepath=str(out))
    scene.render.fps_base = 1e-5
    with pytest.raises(RuntimeError, match="The scene's frame rate cannot be used"):
        bpy.ops.posewright.export_amass(filepath=str(tmp_path / "out.npz"))
    assert state.failed and "Traceback" not in capfd.readouterr().err and not (tmp_path / "out.npz").exists()


def test_an_amass_file_moves_the_character_as_it_moved_the_body(scene, tmp_path):
    """The file's rotations are against the rest pose of the model, which is not our canonical one: here the legs stand
    apart and the arms hang a little."""
    template, model_file = synthetic_body_model.arrays()["v_template"].reshape(55, 4, 3), tmp_path / "SMPLX_MALE.npz"
    names = module("backend.motion.body_model").SMPLX55_NAMES
    for joint, name in enumerate(names):
        sign = 1 if name.startswith("left") else -1
        if name.endswith(("knee", "ankle", "foot")):
            template[joint, :, 0] += sign * (0.05 if name.endswith("knee") else 0.1)
        if name.endswith(("elbow", "wrist", "1", "2", "3")) and not name.startswith("spine"):
            template[joint, :, 1] -= 0.03 if name.endswith("elbow") else 0.06
    synthetic_body_model.write(model_file, v_template=template.reshape(-1, 3))
    model = module("backend.motion.body_model").read_model(model_file)
    rig, motion, start = add(model_file), moving(model, ()), scene.frame_current
    module("backend.motion.smplx_io").write(tmp_path / "walk.npz", motion, model)
    scene.posewright.feet_correction = scene.posewright.hands_correction = 0.0
    assert bpy.ops.posewright.retarget_file(filepath=str(tmp_path / "walk.npz")) == {"FINISHED"}
    world = module("backend.motion.kinematics").pose(motion)[1]
    for frame in (0, 7):
        scene.frame_set(start + frame)
        posed = rig.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
        for joint, name in enumerate(motion.skeleton.names):
            w, x, y, z = (posed[name].matrix @ posed[name].bone.matrix_local.inverted()).to_quaternion()
            off = module("backend.motion.rotations").angle_between(np.array([w, x, z, -y]), world[frame, joint])
            assert np.degrees(off) < 0.5, name


@pytest.mark.parametrize("betas", [(), BETAS])
def test_a_file_of_its_own_comes_back_where_it_was(scene, file, model, tmp_path, betas):
    """Soles included: the file's floor is under the mesh, a Motion's under the joints."""
    rig = add(file, betas=" ".join(map(str, betas)))
    motion, _ = animate(rig, model, betas)
    frames = range(1, 1 + len(motion))
    scene.frame_start, scene.frame_end = frames[0], frames[-1]
    assert bpy.ops.posewright.export_amass(filepath=str(tmp_path / "own.npz"), layout="smplx") == {"FINISHED"}
    before = bones_at(rig, frames)
    scene.posewright.feet_correction = scene.posewright.hands_correction = 0.0
    scene.frame_set(1)
    assert bpy.ops.posewright.retarget_file(filepath=str(tmp_path / "own.npz")) == {"FINISHED"}
    assert np.linalg.norm(bones_at(rig, frames)[..., :3, 3] - before[..., :3, 3], axis=-1).max() < 2e-4


def test_a_still_file_stands_on_its_soles(scene, file, model, tmp_path):
    rig, motions = add(file), module("backend.motion.motion")
    still = np.tile(module("backend.motion.rotations").IDENTITY, (4, 52, 1))
    # in the model's own coordinates the soles are below 0: the file has them on the floor
    root = model.joints(())[0] - [0.0, model.rest_vertices(())[:, 1].min(), 0.0]
    motion = motions.Motion(model.skeleton("smplx52", ()), np.tile(root, (4, 1)), still, 30)
    module("backend.motion.smplx_io").write(tmp_path / "still.npz", motion, model)
    assert bpy.ops.posewright.retarget_file(filepath=str(tmp_path / "still.npz")) == {"FINISHED"}
    assert abs(vertices(rig)[:, 2].min()) < 2e-4


@pytest.mark.parametrize("shape", ["fist", "straight"])
def test_hands_that_do_not_move_are_as_in_the_file(scene, file, model, tmp_path, shape):
    """A fist that is held for the whole take is a fist; flat hands say nothing, and get the panel's shape."""
    rig, moved = add(file), moving(model, ())
    bone_map = module("backend.motion.bone_presets").match(rig.data.bones.keys())
    pose = module("rig.reading.read").read_rig(bpy.context, rig, bone_map)
    body = module("backend.motion.retarget").character_skeleton(pose.points, "smpl22", pose.frames)
    plain = module("backend.motion.motion").Motion(body, moved.root, moved.rotations[:, :22], 30)
    options = module("rig.options").WriteOptions(fingers=shape)
    module("rig.writing.write").apply_motion(bpy.context, rig, pose, plain, 1, "hands", options)
    scene.frame_start, scene.frame_end = 1, len(moved)
    assert bpy.ops.posewright.export_amass(filepath=str(tmp_path / "hands.npz"), layout="smplx") == {"FINISHED"}
    fingers = [i for i, b in enumerate(rig.pose.bones) if b.name.endswith(("1", "2", "3")) and "spine" not in b.name]
    before = bones_at(rig, (1, 7))[:, fingers]
    scene.posewright.feet_correction = scene.posewright.hands_correction = 0.0
    scene.posewright.fingers = "relaxed"
    scene.frame_set(1)
    assert bpy.ops.posewright.retarget_file(filepath=str(tmp_path / "hands.npz")) == {"FINISHED"}
    off = np.abs(bones_at(rig, (1, 7))[:, fingers] - before)[..., :3, :3].max()
    assert len(fingers) == 30 and (off < 1e-4 if shape == "fist" else off > 0.1)


def test_smplh(scene, tmp_path):
    file = synthetic_body_model.write(tmp_path / "model.npz", joints=52)
    rig = add(file, shape_keys=30)
    assert len(rig.data.bones) == 53 and "jaw" not in rig.data.bones
    assert len(rig.children[0].data.shape_keys.key_blocks) == 1 + 16


def test_saved_and_loaded_it_still_fits(scene, file, model, tmp_path):
    name = add(file).name
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))
    rig = bpy.data.objects[name]
    bpy.context.view_layer.objects.active = rig
    rig.children[0].data.shape_keys.key_blocks["Shape000"].value = 2.0
    assert bpy.ops.posewright.fit_smplx_bones() == {"FINISHED"}
    assert abs(vertices(rig)[:, 2].min()) < 1e-5


@pytest.mark.parametrize(
    "changes, says",
    [
        ({"drop": ("weights",)}, "lacks weights"),
        ({"drop": ("f",)}, "lacks f"),
        ({"kintree_table": np.zeros((2, 24), int), "J_regressor": np.zeros((24, 220)), "weights": np.zeros((220, 24))},
         "describes 24 joints; read are SMPL-X (55) and SMPL-H (52)"),
        ({"f": np.full((1, 3), 220, np.uint32)}, "names vertices outside"),
        ({"v_template": np.array({"a": 1}, dtype=object)}, "never loaded"),
    ],
)  # fmt: skip
def test_wrong_files_are_refused_by_name_and_reason(scene, tmp_path, changes, says):
    message = error_of(synthetic_body_model.write(tmp_path / "SMPLX_ODD.npz", **changes))
    assert "SMPLX_ODD.npz" in message and says in message


def test_other_mistakes_are_refused(scene, file, tmp_path):
    (tmp_path / "text.npz").write_text("no zip")
    assert "text.npz: cannot be read as an NPZ" in error_of(tmp_path / "text.npz")
    assert "cannot be opened" in error_of(tmp_path / "missing.npz")
    assert "'tall' is no number" in error_of(file, betas="1, tall")
    assert "takes 300 betas, got 301" in error_of(file, betas=" ".join(["1"] * 301))


def test_it_is_never_made_where_it_cannot_be_seen(scene, file):
    hidden = bpy.data.collections.new("Hidden")
    scene.collection.children.link(hidden)
    bpy.context.view_layer.active_layer_collection = bpy.context.view_layer.layer_collection.children["Hidden"]
    hidden.hide_viewport = True
    assert add(file).visible_get()


def test_only_such_a_character_can_be_fitted(scene, file):
    rig = add(file)
    body = rig.children[0]
    body.parent = None
    assert not bpy.ops.posewright.fit_smplx_bones.poll()
    body.parent = rig
    body.data["posewright_body"] = {"joints": 55, "template": [0.0, 1.0]}
    with pytest.raises(RuntimeError, match="damaged"):
        bpy.ops.posewright.fit_smplx_bones()


def test_it_is_told_from_the_armatures_of_the_smpl_x_add_on_which_never_ran_here(scene, file):
    rig, rest_rig = add(file), module("rig.reading.rest").rest_rig
    automatic = module("backend.motion.mapping.automatic").automatic
    assert automatic(rest_rig(rig)).tested
    bpy.data.objects.remove(rig.children[0])
    found = automatic(rest_rig(rig))
    assert not found.tested and found.notes[0].startswith("SMPL-X add-on rigs are untested") and not found.unsure
