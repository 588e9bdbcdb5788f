"""Armatures that are no human body, or hold more than one, and bodies with more than limbs."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from backend.motion.bone_map import NoMapFits
from backend.motion.mapping.automatic import automatic
from backend.motion.rest_rig import RestRig
from tests.motion.mapping import schemes
from tests.motion.mapping.humanoid import Built, build
from tests.motion.mapping.test_rigify_map import generated
from tests.motion.mapping.test_schemes import expected
from tests.motion.mapping.test_structure import slots_by_old_names, unnamed


def quadruped() -> Built:
    """A dog, 0.6 m at the shoulder, that looks along -Y."""
    out = Built()
    hips = out.add("pelvis", None, (0, 0.4, 0.6), (0, 0.3, 0.62))
    chest = out.chain(("spine1", "spine2", "spine3"), hips, (0, 0.3, 0.62), (0, -0.3, 0.62))
    neck = out.chain(("neck",), chest, (0, -0.3, 0.62), (0, -0.45, 0.8))
    out.add("head", neck, (0, -0.45, 0.8), (0, -0.6, 0.8))
    out.chain(("tail1", "tail2", "tail3"), hips, (0, 0.42, 0.6), (0, 0.8, 0.6))
    for sign, side in ((1, "L"), (-1, "R")):
        for parent, y, names in (
            (hips, 0.4, ("thigh", "shin", "foot", "toe")),
            (chest, -0.3, ("upper_arm", "forearm", "hand", "finger")),
        ):
            points = [(sign * 0.1, y, 0.6), (sign * 0.1, y - 0.05, 0.35), (sign * 0.1, y + 0.03, 0.12)]
            points += [(sign * 0.1, y - 0.02, 0.02), (sign * 0.1, y - 0.08, 0.0)]
            for name, head, tail in zip(names, points, points[1:]):
                parent = out.add(f"{name}.{side}", parent, head, tail)
    return out


@pytest.mark.parametrize("named", [True, False])
def test_four_legs_are_refused(named):
    built = quadruped()
    with pytest.raises(NoMapFits, match="four legs"):
        automatic(built.rig(None if named else unnamed(built)[0]))


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("above", [True, False])
@pytest.mark.parametrize("size", [1.0, 0.35])
def test_two_characters_are_refused_by_their_hips(named, above, size):
    both = Built()
    if above:
        both.add("scene", None, (0, 0, 0), (0, 0.1, 0))
    for end, grown, aside in (("", 1.0, 0.0), (".001", size, 2.5)):
        for name, (parent, head, tail) in build(schemes.BLENDER).bones.items():
            over = ("scene" if above else None) if parent is None else parent + end
            both.add(name + end, over, grown * head + [aside, 0, 0], grown * tail + [aside, 0, 0])
    rename = None if named else unnamed(both)[0]
    hips = ("hips", "hips.001") if rename is None else (rename("hips"), rename("hips.001"))
    with pytest.raises(NoMapFits, match="two characters") as caught:
        automatic(both.rig(rename))
    assert all(repr(bone) in str(caught.value) for bone in hips)


def rigify_on(built: Built) -> RestRig:
    """A generated Rigify rig whose limbs stand where those of ``built`` do."""
    rig = generated()
    heads = rig.heads.copy()
    for i, name in enumerate(rig.names):
        bone = name.removeprefix("ORG-").removeprefix("DEF-").replace("_fk", "")
        if bone in built.bones:
            heads[i] = built.bones[bone][1]
    return dataclasses.replace(rig, heads=heads, tails=heads + 0.05)


def joined(rig: RestRig, aside: float) -> RestRig:
    """``rig`` and its twin as Blender joins them: names that are taken get the next free number."""
    names = list(rig.names)
    for name in rig.names:
        stem = re.sub(r"\.\d{3}$", "", name)
        names.append(next(n for k in range(1, 1000) if (n := f"{stem}.{k:03d}") not in names))
    parents = rig.parents + tuple(p + len(rig.parents) if p >= 0 else -1 for p in rig.parents)
    heads, tails = (np.concatenate([ends, ends + [aside, 0, 0]]) for ends in (rig.heads, rig.tails))
    return RestRig(tuple(names), parents, heads, tails, np.ones(len(names), bool), properties=rig.properties)


def test_a_cat_of_rigify_is_no_human():
    with pytest.raises(NoMapFits, match="four legs .'ORG-upper_arm.L' and 'ORG-thigh.L'"):
        automatic(rigify_on(quadruped()))
    assert automatic(rigify_on(build(schemes.BLENDER))).bone_map.name == "rigify"


@pytest.mark.parametrize("aside", [0.0, 2.0])
def test_two_of_rigify_wherever_they_stand(aside):
    with pytest.raises(NoMapFits, match="two characters .bones 'torso' and 'torso.001'"):
        automatic(joined(rigify_on(build(schemes.BLENDER)), aside))


def test_two_that_stand_too_far_apart_to_have_a_shape():
    rig = build(schemes.mixamo()).rig()
    with pytest.raises(NoMapFits, match="two characters .bones 'mixamorig:Hips' and 'mixamorig:Hips.001'"):
        automatic(joined(rig, 40.0))


@pytest.mark.parametrize("count", [0, 1, 5, 40])
def test_what_is_no_body_is_refused_with_the_nearest_scheme(count):
    names = tuple(f"Bone.{k:03d}" for k in range(count))
    heads = np.arange(3.0 * count).reshape(count, 3)
    rig = RestRig(names, tuple(k - 1 for k in range(count)), heads, heads + 1, np.ones(count, bool))
    with pytest.raises(NoMapFits, match="no bone map fits this armature") as caught:
        automatic(rig)
    assert "two legs and two arms" in str(caught.value)


def with_more(kind: str) -> Built:
    """A body that has something else beside its limbs."""
    out = build(schemes.BLENDER)
    if kind == "tail":
        out.chain([f"t{k}" for k in range(8)], "hips", (0, 0.1, 0.95), (0, 1.2, 0.4))
    elif kind == "cape":
        for k in range(5):
            x = 0.1 * (k - 2)
            out.chain([f"c{k}.{i}" for i in range(4)], "chest", (x, 0.1, 1.4), (2 * x, 0.3, 0.3))
    elif kind == "skirt":
        for k in range(8):
            x, y = 0.2 * np.cos(k * np.pi / 4), 0.2 * np.sin(k * np.pi / 4)
            out.chain([f"k{k}.{i}" for i in range(4)], "hips", (x, y, 0.95), (1.6 * x, 1.6 * y, 0.45))
    elif kind == "hair":
        for k, x in enumerate((-0.08, 0.08)):
            out.chain([f"h{k}.{i}" for i in range(6)], "head", (x, 0.05, 1.7), (2 * x, 0.2, 0.8))
    elif kind == "wings":
        for k, x in enumerate((0.05, -0.05)):
            out.chain([f"w{k}.{i}" for i in range(4)], "chest", (x, 0.1, 1.4), (30 * x, 0.5, 1.9))
    return out


@pytest.mark.parametrize("kind", ["tail", "cape", "skirt", "hair", "wings"])
def test_what_hangs_on_a_body_is_no_limb_when_names_tell(kind):
    built = with_more(kind)
    found = automatic(built.rig())
    assert found.bone_map.slots == expected(schemes.BLENDER, built) and not found.unsure


@pytest.mark.parametrize("kind", ["tail", "cape", "skirt", "hair", "wings"])
def test_what_hangs_on_an_unnamed_body_leaves_guesses(kind):
    built = with_more(kind)
    rename, back = unnamed(built)
    found = automatic(built.rig(rename))
    wrong = {s for s, bones in slots_by_old_names(found, back).items() if bones != expected(schemes.BLENDER, built)[s]}
    assert wrong <= set(found.unsure)
    if kind != "wings":
        assert not wrong


def test_japanese_names_are_no_hindrance():
    words = {"hips": "下半身", "spine": "上半身", "head": "頭", "upper_arm.L": "左腕", "upper_arm.R": "右腕"}
    built = build(schemes.BLENDER)
    renamed = {name: words.get(name, f"骨{k}") for k, name in enumerate(built.bones)}
    found = automatic(built.rig(renamed.__getitem__))
    back = {new: old for old, new in renamed.items()}
    assert slots_by_old_names(found, back) == expected(schemes.BLENDER, built)
    assert found.bone_map.slots["left_shoulder"] == ("左腕",)


def test_very_long_names_and_bones_without_length():
    built = build(schemes.mixamo("x" * 5000 + ":"))
    rig = built.rig()
    flat = dataclasses.replace(rig, tails=rig.heads.copy())
    assert automatic(flat).bone_map.slots == expected(schemes.mixamo("x" * 5000 + ":"), built)


def test_all_bones_in_one_point_rest_on_their_names():
    built = build(schemes.mixamo())
    rig = built.rig()
    zero = np.zeros_like(rig.heads)
    found = automatic(dataclasses.replace(rig, heads=zero, tails=zero))
    assert found.bone_map.name == "Mixamo" and "names alone" in found.notes[0]


def test_numbers_that_are_none_do_not_break_it():
    built = build(schemes.BLENDER)
    rig = built.rig()
    heads = rig.heads.copy()
    heads[rig.names.index("pinky.03.L")] = np.nan
    assert automatic(dataclasses.replace(rig, heads=heads)).bone_map.slots["left_wrist"] == ("hand.L",)
