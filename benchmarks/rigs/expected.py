"""The truth about each rig, written by hand from its bones' names and places."""

from __future__ import annotations

from backend.motion.skeleton import SMPLX52_NAMES

from .truth import SPINE, Truth, truth

_LETTERS, _WORDS = ("L", "R"), ("Left", "Right")
_FINGERS = ("thumb", "index", "middle", "ring", "pinky")


def _each(pattern: str, *names: str) -> dict[str, str]:
    """Fingers named alike: ``{f}`` is the rig's own word for thumb, index, middle, ring, pinky."""
    return {finger: pattern.replace("{f}", name) for finger, name in zip(_FINGERS, names)}


_MIXAMO_LIMBS = {
    "hip": "{s}UpLeg", "knee": "{s}Leg", "ankle": "{s}Foot", "foot": "{s}ToeBase",
    "collar": "{s}Shoulder", "shoulder": "{s}Arm", "elbow": "{s}ForeArm", "wrist": "{s}Hand",
}  # fmt: skip
MIXAMO = truth(
    {"pelvis": "mixamorig:Hips", "neck": "mixamorig:Neck", "head": "mixamorig:Head"},
    {slot: "mixamorig:" + bone for slot, bone in _MIXAMO_LIMBS.items()},
    _WORDS,
    "mixamorig:Spine|mixamorig:Spine1|mixamorig:Spine2",
    _each("mixamorig:{s}Hand{f}{k}", "Thumb", "Index", "Middle", "Ring", "Pinky"),
)

_CMU = {"pelvis": "Hips", "neck": "Neck|Neck1", "head": "Head"}
# mittens: a bone for the thumb, and one for all fingers, which stands where an index begins
CMU_MAKEHUMAN = truth(
    _CMU, _MIXAMO_LIMBS, _WORDS, "LowerBack|Spine|Spine1", {"thumb": "{s[0]}Thumb"},
    either={"index1": ("{s}HandFinger1",), "middle1": ("{s}HandFinger1",)},
)  # fmt: skip
# here the thumb begins in the wrist itself
CMU_BVH = truth(
    _CMU, _MIXAMO_LIMBS, _WORDS, "LowerBack|Spine|Spine1",
    either={"thumb1": ("{s[0]}Thumb",), "index1": ("{s}HandIndex1",), "middle1": ("{s}HandIndex1",)},
)  # fmt: skip
CMU_JOINTS = truth(
    {"pelvis": "Hips", "neck": "lowerneck|Neck", "head": "Head"},
    {
        "hip": "{s}Hip", "knee": "{s}Knee", "ankle": "{s}Ankle", "foot": "{s}Toe",
        "collar": "{s}Collar", "shoulder": "{s}Shoulder", "elbow": "{s}Elbow", "wrist": "{s}Wrist",
    },
    _WORDS,
    "lowerback|Chest|Chest2",
    # the wrist's bone has no length and turns about the forearm: it may count to the forearm, and the next be the hand;
    # the thumb is one bone
    either={"elbow": ("{s}Elbow|{s}Wrist",), "wrist": ("lhand", "rhand"), "thumb1": ("{s[0]}Thumb",)},
)  # fmt: skip

_UNREAL_LIMBS = {
    "hip": "thigh_{s}", "knee": "calf_{s}", "ankle": "foot_{s}", "foot": "ball_{s}",
    "collar": "clavicle_{s}", "shoulder": "upperarm_{s}", "elbow": "lowerarm_{s}", "wrist": "hand_{s}",
}  # fmt: skip
UNREAL = truth(
    {"pelvis": "pelvis", "neck": "neck_01", "head": "head"},
    _UNREAL_LIMBS,
    ("l", "r"),
    "spine_01|spine_02|spine_03",
    _each("{f}_0{k}_{s}", *_FINGERS),
)

_ANY_TOE = ("toe2-1.{s}", "toe3-1.{s}", "toe4-1.{s}")
MAKEHUMAN = truth(
    {"pelvis": "root", "neck": "neck01|neck02|neck03", "head": "head"},
    {
        "hip": "upperleg01.{s}|upperleg02.{s}", "knee": "lowerleg01.{s}|lowerleg02.{s}", "ankle": "foot.{s}",
        "foot": "toe1-1.{s}", "collar": "clavicle.{s}|shoulder01.{s}", "shoulder": "upperarm01.{s}|upperarm02.{s}",
        "elbow": "lowerarm01.{s}|lowerarm02.{s}", "wrist": "wrist.{s}",
    },
    _LETTERS,
    "spine05|spine04|spine03|spine02|spine01",
    _each("finger{f}-{k}.{s}", "1", "2", "3", "4", "5"),
    either={"foot": _ANY_TOE},
)  # fmt: skip

QUATERNIUS = truth(
    {"pelvis": "Hips", "neck": "Neck", "head": "Head"},
    {
        "hip": "UpperLeg.{s}", "knee": "LowerLeg.{s}", "ankle": "Foot.{s}",
        "collar": "Shoulder.{s}", "shoulder": "UpperArm.{s}", "elbow": "LowerArm.{s}", "wrist": "Hand.{s}",
    },
    _LETTERS,
    "Abdomen|Torso|Chest",
    _each("{f}{k}.{s}", "Thumb", "Index", "Middle", "Ring", "Pinky"),
)  # fmt: skip

BIPED = truth(
    {"pelvis": "Bip01 Pelvis", "neck": "Bip01 Neck", "head": "Bip01 Head"},
    {
        "hip": "Bip01 {s} Thigh", "knee": "Bip01 {s} Calf", "ankle": "Bip01 {s} Foot", "foot": "Bip01 {s} Toe0",
        "collar": "Bip01 {s} Clavicle", "shoulder": "Bip01 {s} UpperArm", "elbow": "Bip01 {s} Forearm",
        "wrist": "Bip01 {s} Hand",
    },
    _LETTERS,
    "Bip01 Spine|Bip01 Spine1|Bip01 Spine2",
    _each("Bip01 {s} Finger{f}|Bip01 {s} Finger{f}1|Bip01 {s} Finger{f}2", "0", "1", "2", "3", "4"),
)  # fmt: skip

# four fingers, as the file's own humanoid table has them; Blender's importer drops the table, and by name and place
# the last one may as well be a ring finger
VRM = truth(
    {"pelvis": "pelvis_Armature", "neck": "neck_Armature", "head": "head_Armature"},
    {
        "hip": "thigh.{s}_Armature", "knee": "shin.{s}_Armature", "ankle": "foot.{s}_Armature",
        "foot": "toes.{s}_Armature", "collar": "shoulder.{s}_Armature", "shoulder": "upper_arm.{s}_Armature",
        "elbow": "lowerarm.{s}_Armature", "wrist": "hand.{s}_Armature",
    },
    ("l", "r"),
    "tummy_Armature|chest_Armature",
    {
        "thumb": "thumb.{k}.{s}_Armature",
        "index": "Finger.{s}_Armature|Finger.001.{s}_Armature|Finger.002.{s}_Armature",
        "middle": "f2a.{s}_Armature|f2b.{s}_Armature|f2c.{s}_Armature",
        "pinky": "f3a.{s}_Armature|f3b.{s}_Armature|f3c.{s}_Armature",
    },
    either={f"{finger}{k}": ("" if finger == "pinky" else f"f3{letter}.{{s}}_Armature",)
            for finger in ("ring", "pinky") for k, letter in enumerate("abc", start=1)},
)  # fmt: skip

DAZ = truth(
    {"pelvis": "hip", "neck": "neck", "head": "head"},
    {
        "hip": "{s}Thigh", "knee": "{s}Shin", "ankle": "{s}Foot",
        "collar": "{s}Collar", "shoulder": "{s}Shldr", "elbow": "{s}ForeArm", "wrist": "{s}Hand",
    },
    ("l", "r"),
    "abdomen|chest",
    _each("{s}{f}1|{s}{f}2", "Thumb", "Index", "Mid", "Ring", "Pinky"),
)  # fmt: skip

SMPLX = Truth({slot: (slot,) for slot in SMPLX52_NAMES if slot not in SPINE}, SPINE)

_RIGIFY_LIMBS = {
    "hip": "thigh", "knee": "shin", "ankle": "foot", "foot": "toe",
    "collar": "shoulder", "shoulder": "upper_arm", "elbow": "forearm", "wrist": "hand",
}  # fmt: skip
_RIGIFY_CONTROLS = {
    "spine1": {"fk": "spine_fk.001"}, "spine2": {"fk": "spine_fk.002"}, "spine3": {"fk": "spine_fk.003"},
    "neck": {"fk": "neck"}, "head": {"fk": "head"},
    "hip": {"fk": "thigh_fk.{s}"}, "knee": {"fk": "shin_fk.{s}", "pole": "thigh_ik_target.{s}"},
    "ankle": {"fk": "foot_fk.{s}", "ik": "foot_ik.{s}"}, "foot": {"fk": "toe_fk.{s}", "ik": "toe_ik.{s}"},
    "collar": {"fk": "shoulder.{s}"}, "shoulder": {"fk": "upper_arm_fk.{s}"},
    "elbow": {"fk": "forearm_fk.{s}", "pole": "upper_arm_ik_target.{s}"},
    "wrist": {"fk": "hand_fk.{s}", "ik": "hand_ik.{s}"},
}  # fmt: skip


def _rigify(fingers: dict[str, str]) -> Truth:
    return truth(
        {"pelvis": "ORG-spine", "neck": "ORG-spine.004|ORG-spine.005", "head": "ORG-spine.006"},
        {slot: f"ORG-{bone}.{{s}}" for slot, bone in _RIGIFY_LIMBS.items()},
        _LETTERS,
        "ORG-spine.001|ORG-spine.002|ORG-spine.003",
        fingers,
        _RIGIFY_CONTROLS,
    )


RIGIFY_BASIC = _rigify({})
RIGIFY_HUMAN = _rigify(
    {"thumb": "ORG-thumb.0{k}.{s}"}
    | {finger: f"ORG-f_{finger}.0{{k}}.{{s}}" for finger in ("index", "middle", "ring", "pinky")}
)
RIGIFY_LIMBS = {
    side + slot: tuple(f"DEF-{_RIGIFY_LIMBS[slot]}.{s}{end}" for end in ("", ".001"))
    for side, s in (("left_", "L"), ("right_", "R"))
    for slot in ("hip", "knee", "shoulder", "elbow")
}
"""slot of a limb's start -> the deforming bones that lie along it"""
