"""Bodies whose names say nothing: found by shape and place, whatever the axes, the unit and the pose."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.motion.mapping.automatic import automatic
from backend.motion.mapping.mapping import SURE
from tests.motion.mapping import schemes
from tests.motion.mapping.humanoid import Built, build
from tests.motion.mapping.test_schemes import BY_NAME, expected

TURNS = {
    "Z up": np.eye(3),
    "Y up": np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]]),
    "X up": np.array([[0, 0, 1.0], [1.0, 0, 0], [0, 1.0, 0]]),
    "facing away": np.diag([-1.0, -1.0, 1.0]),
}
SHAPED = [name for name, s in BY_NAME.items() if s.arms_on is None and not s.loose]
"""bodies whose shape tells all: an arm that hangs on the neck is known by the neck's name alone"""


def unnamed(built: Built, skip: int = 0):
    """(rename, back): every name replaced by "bone.001" and so on."""
    renamed = {name: f"bone.{(k + skip):03d}" for k, name in enumerate(built.bones)}
    return renamed.__getitem__, {new: old for old, new in renamed.items()}


def slots_by_old_names(found, back) -> dict[str, tuple[str, ...]]:
    return {slot: tuple(back.get(b, b) for b in bones) for slot, bones in found.bone_map.slots.items()}


@pytest.mark.parametrize("a_pose", [0.0, 45.0])
@pytest.mark.parametrize("name", SHAPED)
def test_found_by_shape_and_reported_as_a_guess(name, a_pose):
    scheme = BY_NAME[name]
    built = build(scheme, a_pose)
    rename, back = unnamed(built)
    found = automatic(built.rig(rename))
    assert slots_by_old_names(found, back) == expected(scheme, built)
    assert set(found.unsure) == set(found.bone_map.slots)
    assert found.notes and "by their place" in found.notes[0]


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("scale", [1.0, 100.0, 1 / 0.0254])
def test_axes_and_units_do_not_matter(turn, scale):
    scheme = schemes.BLENDER
    built = build(scheme, 30.0)
    rename, back = unnamed(built)
    found = automatic(built.rig(rename, TURNS[turn], scale))
    assert slots_by_old_names(found, back) == expected(scheme, built)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("necks", [0, 1, 2, 3])
@pytest.mark.parametrize("named", [True, False])
def test_spines_and_necks_of_any_length(count, necks, named):
    spine = tuple(f"spine.{k}" for k in range(count))
    scheme = dataclasses.replace(schemes.BLENDER, spine=spine, neck=tuple(f"neck.{k}" for k in range(necks)))
    built = build(scheme)
    rename, back = (None, {}) if named else unnamed(built)
    found = automatic(built.rig(rename))
    assert slots_by_old_names(found, back) == expected(scheme, built)
    assert (found.unsure == ()) == named
    assert ("neck" in found.absent) == (necks == 0)


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("toes, collars", [(False, True), (True, False), (False, False)])
def test_what_is_missing_is_absent(toes, collars, named):
    scheme = schemes.BLENDER
    built = build(scheme, 45.0, toes, collars)
    rename, back = (None, {}) if named else unnamed(built)
    found = automatic(built.rig(rename))
    assert slots_by_old_names(found, back) == expected(scheme, built)
    absent = {slot.split("_")[1] for slot in found.absent if slot.startswith("left_")}
    assert absent == {part for part, there in (("foot", toes), ("collar", collars)) if not there}


@pytest.mark.parametrize("bones", [2, 4])
def test_fingers_of_two_and_four_bones(bones):
    built = build(schemes.BLENDER)
    if bones == 2:
        for side in ("L", "R"):
            del built.bones[f"index.03.{side}"]
    else:
        for side in ("L", "R"):
            _, head, tail = built.bones[f"index.03.{side}"]
            built.add(f"index.04.{side}", f"index.03.{side}", tail, 2 * tail - head)
    found = automatic(built.rig()).bone_map
    assert [found.slots[f"left_index{k}"] for k in (1, 2)] == [("index.01.L",), ("index.02.L",)]
    assert ("left_index3" in found.slots) == (bones == 4)
    assert found.slots["right_ring3"] == ("ring.03.R",)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.sampled_from(sorted(BY_NAME)), st.data())
def test_junk_names_never_make_a_sure_wrong_guess(name, data):
    scheme = BY_NAME[name]
    built = build(scheme, data.draw(st.sampled_from([0.0, 45.0])))
    lost = data.draw(st.sets(st.sampled_from(sorted(built.bones))))
    renamed = {old: f"x{k}q" if old in lost else old for k, old in enumerate(built.bones)}
    back = {new: old for old, new in renamed.items()}
    try:
        found = automatic(built.rig(renamed.__getitem__))
    except ValueError:
        assert scheme.loose or len(lost) > len(built.bones) / 2  # only the names hold loose pieces and layers together
        return
    truth = expected(scheme, built)
    for slot, guess in found.guesses.items():
        if guess.confidence >= SURE:
            assert tuple(back[b] for b in guess.bones) == truth[slot], (slot, guess)


@pytest.mark.parametrize("name", [name for name in BY_NAME if not BY_NAME[name].loose])
def test_a_mirrored_rig_swaps_left_and_right(name):
    """Without names, what was the left hand of a body is the right hand of its mirror image."""
    built = build(BY_NAME[name])
    rename, _ = unnamed(built)
    straight, mirrored = (automatic(built.rig(rename, turn)).bone_map.slots for turn in (None, np.diag([-1.0, 1, 1])))
    other = {"left": "right", "right": "left"}
    for slot, bones in straight.items():
        side, _, part = slot.partition("_")
        assert mirrored[f"{other[side]}_{part}" if side in other else slot] == bones


def test_names_and_feet_that_disagree_are_no_sure_guess():
    built = build(schemes.BLENDER)
    found = automatic(built.rig(turn=np.diag([-1.0, 1.0, 1.0])))
    assert found.bone_map.slots["left_wrist"] == ("hand.L",)
    assert "left_wrist" in found.unsure and "pelvis" not in found.unsure
    assert "contradict" in found.notes[0]


def test_geometry_decides_sides_that_the_names_leave_open():
    scheme = dataclasses.replace(schemes.BLENDER, sides=("a", "b"))
    built = build(scheme)
    found = automatic(built.rig())
    assert found.bone_map.slots == expected(scheme, built)
    assert "left_wrist" in found.unsure and "spine3" not in found.unsure
    assert "as the feet point" in found.guesses["left_wrist"].why
