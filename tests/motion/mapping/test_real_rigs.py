"""The rigs that others made (``shared/rigs``, beside the repository): every slot right without a click."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from backend.motion.mapping.automatic import automatic
from backend.motion.rest_rig import RestRig
from backend.motion.rotations import to_matrix
from backend.motion.skeleton import SMPLX52_NAMES

RIGS = Path(__file__).resolve().parents[4] / "shared" / "rigs"
FINGERS = ("thumb", "index", "middle", "ring", "pinky")


def rig_of(bones: dict[str, tuple[str | None, np.ndarray, np.ndarray]], labels=None) -> RestRig:
    """Bone -> (parent, head, tail), in any order."""
    order: list[str] = []

    def add(name):
        if name not in order:
            if bones[name][0] is not None:
                add(bones[name][0])
            order.append(name)

    for name in bones:
        add(name)
    parents = tuple(order.index(bones[n][0]) if bones[n][0] else -1 for n in order)
    heads, tails = (np.array([bones[n][k] for n in order], float) for k in (1, 2))
    return RestRig(tuple(order), parents, heads, tails, np.ones(len(order), bool), labels or {})


def from_json(path: Path) -> RestRig:
    bones = json.loads(path.read_text())
    return rig_of({n: (b["parent"] or None, b["head"], b["tail"]) for n, b in bones.items()})


def from_glb(path: Path) -> RestRig:
    data = path.read_bytes()
    table = json.loads(data[20 : 20 + struct.unpack("<I", data[12:16])[0]])
    nodes = table["nodes"]
    above = {c: i for i, node in enumerate(nodes) for c in node.get("children", [])}
    joints = {j for skin in table["skins"] for j in skin["joints"]}

    def world(i: int) -> np.ndarray:
        node, m = nodes[i], np.eye(4)
        if "matrix" in node:
            m = np.array(node["matrix"], float).reshape(4, 4).T
        else:
            turn = np.roll(np.array(node.get("rotation", [0, 0, 0, 1.0]), float), 1)
            m[:3, :3] = to_matrix(turn) * np.array(node.get("scale", [1, 1, 1.0]))
            m[:3, 3] = node.get("translation", [0, 0, 0])
        return world(above[i]) @ m if i in above else m

    bones = {}
    for i in joints:
        parent, head = above.get(i), world(i)[:3, 3]
        bones[nodes[i]["name"]] = (nodes[parent]["name"] if parent in joints else None, head, head + [0, 0.05, 0])
    human = table.get("extensions", {}).get("VRM", {}).get("humanoid", {}).get("humanBones", [])
    return rig_of(bones, {nodes[h["node"]]["name"]: h["bone"] for h in human})


def truth(centre: str, limbs: dict[str, str], sides, finger=None, without=()) -> dict[str, tuple[str, ...]]:
    """``centre``: bones of pelvis, spine1, spine2, spine3, neck, head ("-": none; "a+b": two), "{}" = a side's word."""
    slots = ("pelvis", "spine1", "spine2", "spine3", "neck", "head")
    out = {slot: tuple(b.split("+")) for slot, b in zip(slots, centre.split("|")) if b != "-"}
    for side, word in zip(("left", "right"), sides):
        out |= {f"{side}_{part}": tuple(b.format(word).split("+")) for part, b in limbs.items() if b != "-"}
        if finger:
            names = {f"{side}_{name}{k}": (finger(f, k, word),) for f, name in enumerate(FINGERS) for k in (1, 2, 3)}
            out |= {slot: bones for slot, bones in names.items() if slot.split("_")[1][:-1] not in without}
    return {slot: out[slot] for slot in SMPLX52_NAMES if slot in out}


def limbs(names: str) -> dict[str, str]:
    return dict(zip(("hip", "knee", "ankle", "foot", "collar", "shoulder", "elbow", "wrist"), names.split("|")))


UNREAL = (
    "pelvis|spine_01|spine_02|spine_03|neck_01|head",
    limbs("thigh_{}|calf_{}|foot_{}|ball_{}|clavicle_{}|upperarm_{}|lowerarm_{}|hand_{}"), ("l", "r"),
    lambda f, k, s: f"{FINGERS[f]}_0{k}_{s}",
)  # fmt: skip
MIXAMO = limbs("{}UpLeg|{}Leg|{}Foot|{}ToeBase|{}Shoulder|{}Arm|{}ForeArm|{}Hand")
LABELLED = {0: "thumb.{k}.{s}", 1: "Finger{n}.{s}", 2: "f2{a}.{s}", 4: "f3{a}.{s}"}
TRUTH = {
    "makehuman_mixamo.json": truth(
        "|".join("mixamorig:" + b for b in ("Hips", "Spine", "Spine1", "Spine2", "Neck", "Head")),
        {part: "mixamorig:" + bone for part, bone in MIXAMO.items()}, ("Left", "Right"),
        lambda f, k, s: f"mixamorig:{s}Hand{FINGERS[f].capitalize()}{k}",
    ),
    "makehuman_game_engine.json": truth(*UNREAL),
    "unreal_human.glb": truth(*UNREAL),
    "makehuman_cmu_mb.json": truth("Hips|LowerBack|Spine|Spine1|Neck+Neck1|Head", MIXAMO, ("Left", "Right"))
    | {"left_thumb1": ("LThumb",), "right_thumb1": ("RThumb",)},
    "makehuman_default.json": truth(
        "root|spine05+spine04|spine03|spine02+spine01|neck01+neck02+neck03|head",
        limbs("upperleg01.{0}+upperleg02.{0}|lowerleg01.{0}+lowerleg02.{0}|foot.{0}|toe3-1.{0}|clavicle.{0}+shoulder01.{0}|"
              "upperarm01.{0}+upperarm02.{0}|lowerarm01.{0}+lowerarm02.{0}|wrist.{0}"), ("L", "R"),
        lambda f, k, s: f"finger{f + 1}-{k}.{s}",
    ),
    "quaternius_suit.glb": truth(
        "Hips|Abdomen|Torso|Chest|Neck|Head",
        limbs("UpperLeg.{}|LowerLeg.{}|Foot.{}|-|Shoulder.{}|UpperArm.{}|LowerArm.{}|Hand.{}"), ("L", "R"),
        lambda f, k, s: f"{FINGERS[f].capitalize()}{k}.{s}",
    ),
    "vrm_godette.vrm": truth(
        "pelvis_Armature|tummy_Armature|-|chest_Armature|neck_Armature|head_Armature",
        {part: bone + ".{}_Armature" for part, bone in limbs(
            "thigh|shin|foot|toes|shoulder|upper_arm|lowerarm|hand").items()}, ("l", "r"),
        lambda f, k, s: LABELLED.get(f, "").format(k=k, s=s, a=" abc"[k], n=("", ".001", ".002")[k - 1]) + "_Armature",
        without=("ring",),
    ),
}  # fmt: skip
ROOTS = {
    "makehuman_game_engine.json": "Root", "unreal_human.glb": "root", "vrm_godette.vrm": "Armature_rootJoint",
    "quaternius_suit.glb": "Root",
}  # fmt: skip


@pytest.mark.parametrize("name", TRUTH)
def test_every_slot_is_right_without_a_click(name):
    path = RIGS / name
    if not path.is_file():
        pytest.skip(f"{path} is not there: the rigs to test with are not in the repository")
    rig = from_json(path) if path.suffix == ".json" else from_glb(path)
    found = automatic(rig)
    assert found.bone_map.slots == TRUTH[name]
    assert set(found.absent) == set(SMPLX52_NAMES) - set(TRUTH[name])
    assert not found.unsure and found.tested
    assert found.bone_map.root == ROOTS.get(name) and found.bone_map.body is None


def test_the_names_of_the_biped_are_those_of_our_scheme():
    """The FBX is read in Blender only (tests/blender); here: the names of its body are the ones that are tested."""
    from tests.motion.mapping.schemes import BIPED

    path = RIGS / "biped_rocketbox.fbx"
    if not path.is_file():
        pytest.skip(f"{path} is not there: the rigs to test with are not in the repository")
    data = path.read_bytes()
    named = [BIPED.pelvis, *BIPED.spine, *BIPED.neck, BIPED.head]
    named += [bone.format(side) for bones in BIPED.limbs.values() for bone in bones for side in BIPED.sides]
    named += [BIPED.finger(f, k, side) for f in range(5) for k in (1, 2, 3) for side in BIPED.sides]
    assert all(name.encode() + b"\x00" in data for name in named)
