"""GLB libraries through bpy: what Blender exports is read back by the worker in a process of its own."""

import numpy as np
import pytest

from backend.motion.kinematics import joint_positions
from training.data import preparing
from training.data.sources.libraries import Libraries
from training.data.sources.take import Skipped, Take


@pytest.fixture(scope="module")
def found(figures, bpy_python):
    source = Libraries(figures / "library", bpy_python)
    (item,) = source.items()
    assert item.id == "kaykit/Med_Test"
    return list(source.read(item))


def test_actions_become_takes(found):
    (take,) = [f for f in found if isinstance(f, Take)]
    assert (take.id, take.source, take.subject, take.label) == ("kaykit_Walking_A", "cc0", "kaykit", "Walking_A")
    skeleton = take.motion.skeleton
    assert take.motion.fps == 30 and len(take.motion) == 31 and not take.tpose_start
    assert "handslot.r" not in skeleton.names and "root" not in skeleton.names and skeleton.names[0] == "hips"
    positions = joint_positions(take.motion)
    np.testing.assert_allclose(positions[::15, 0], [[0, 0.9, z] for z in (0, 0.5, 1)], atol=1e-4)  # Y up, facing +Z
    wrists = [positions[10, skeleton.index(f"wrist.{side}")] - positions[10, 0] for side in "lr"]
    along, up = 0.55 * np.cos(np.deg2rad(75)), 0.55 * np.sin(np.deg2rad(75))
    np.testing.assert_allclose(wrists, [[0.2 + along, 0.5 - up, 0], [-0.2 - along, 0.5 + up, 0]], atol=1e-3)

    motion = preparing.sound(take, preparing.on_skeleton(take, "smpl22"))
    at = motion.skeleton.index
    cleaned = joint_positions(motion)
    assert cleaned[..., 1].min() == pytest.approx(0.0, abs=0.02)
    assert cleaned[10, at("right_wrist"), 1] > cleaned[10, at("head"), 1] > cleaned[10, at("left_wrist"), 1]


def test_a_figure_that_is_scaled_to_nothing_is_skipped_with_its_reason(found, figures):
    (skipped,) = [f for f in found if isinstance(f, Skipped)]
    assert skipped.id == "kaykit_Vanish" and skipped.path.name == "Med_Test.glb"
    assert "scaled to nothing" in skipped.reason


def test_a_file_that_bpy_cannot_read_is_named(tmp_path, bpy_python):
    (tmp_path / "kaykit").mkdir()
    (tmp_path / "kaykit" / "broken.glb").write_bytes(b"glTF, but not really")
    source = Libraries(tmp_path, bpy_python)
    (item,) = source.items()
    with pytest.raises(ValueError, match="broken.glb: bpy ended with 1 .*GLB version"):
        list(source.read(item))


def test_without_libraries_or_bpy_it_ends_before_anything_is_read(tmp_path):
    with pytest.raises(ValueError, match="<library>/<file>.glb"):
        list(Libraries(tmp_path).items())
    (tmp_path / "kaykit").mkdir()
    (tmp_path / "kaykit" / "some.glb").touch()
    with pytest.raises(FileNotFoundError, match="--bpy-python .*nowhere is not there"):
        list(Libraries(tmp_path, tmp_path / "nowhere").items())
