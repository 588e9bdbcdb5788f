"""The naming schemes that are mapped without a click, written down from their documentation and our own exports."""

from __future__ import annotations

from tests.motion.mapping.humanoid import FINGERS, Scheme

_LITTLE = ("Thumb", "Index", "Middle", "Ring", "Little")
_PINKY = ("Thumb", "Index", "Middle", "Ring", "Pinky")


PARTS = ("hip", "knee", "ankle", "foot", "collar", "shoulder", "elbow", "wrist")


def _limbs(hip, knee, ankle, foot, collar, shoulder, elbow, wrist) -> dict[str, tuple[str, ...]]:
    """Parts of arms and legs; a string of several words is a split limb."""
    names = (hip, knee, ankle, foot, collar, shoulder, elbow, wrist)
    return {part: tuple(bones.split("|")) for part, bones in zip(PARTS, names) if bones}


def mixamo(prefix: str = "mixamorig:") -> Scheme:
    p = prefix
    return Scheme(
        f"Mixamo {prefix!r}", ("Left", "Right"), p + "Hips", (p + "Spine", p + "Spine1", p + "Spine2"), (p + "Neck",),
        p + "Head",
        {k: (p + n[0],) for k, n in _limbs("{}UpLeg", "{}Leg", "{}Foot", "{}ToeBase", "{}Shoulder", "{}Arm",
                                           "{}ForeArm", "{}Hand").items()},
        finger=lambda f, k, s: f"{p}{s}Hand{_PINKY[f]}{k}",
        leaves=((p + "HeadTop_End", p + "Head"), (p + "{}Toe_End", p + "{}ToeBase"),
                (p + "{}HandIndex4", p + "{}HandIndex3")),
    )  # fmt: skip


UNREAL = Scheme(
    "Unreal 5", ("l", "r"), "pelvis", tuple(f"spine_0{k}" for k in range(1, 6)), ("neck_01", "neck_02"), "head",
    _limbs("thigh_{}", "calf_{}", "foot_{}", "ball_{}", "clavicle_{}", "upperarm_{}", "lowerarm_{}", "hand_{}"),
    above=("root",), root="root", finger=lambda f, k, s: f"{FINGERS[f]}_0{k}_{s}",
    palm=lambda f, s: f"{FINGERS[f]}_metacarpal_{s}",
    twists=(("upperarm_twist_01_{}", "shoulder"), ("upperarm_twist_02_{}", "shoulder"),
            ("lowerarm_twist_02_{}", "elbow"), ("lowerarm_twist_01_{}", "elbow"), ("thigh_twist_01_{}", "hip"),
            ("calf_twist_01_{}", "knee")),
    leaves=(("ik_foot_root", "root"), ("ik_foot_{}", "ik_foot_root"), ("ik_hand_root", "root"),
            ("ik_hand_gun", "ik_hand_root"), ("ik_hand_{}", "ik_hand_gun"), ("head_leaf", "head"),
            ("weapon_socket_{}", "hand_{}")),
)  # fmt: skip
UNITY = Scheme(
    "Unity", ("Left", "Right"), "Hips", ("Spine", "Chest", "UpperChest"), ("Neck",), "Head",
    _limbs("{}UpperLeg", "{}LowerLeg", "{}Foot", "{}Toes", "{}Shoulder", "{}UpperArm", "{}LowerArm", "{}Hand"),
    finger=lambda f, k, s: f"{s}{_LITTLE[f]}{('Proximal', 'Intermediate', 'Distal')[k - 1]}",
)  # fmt: skip
VROID = Scheme(
    "VRoid", ("L", "R"), "J_Bip_C_Hips", ("J_Bip_C_Spine", "J_Bip_C_Chest", "J_Bip_C_UpperChest"), ("J_Bip_C_Neck",),
    "J_Bip_C_Head",
    _limbs("J_Bip_{}_UpperLeg", "J_Bip_{}_LowerLeg", "J_Bip_{}_Foot", "J_Bip_{}_ToeBase", "J_Bip_{}_Shoulder",
           "J_Bip_{}_UpperArm", "J_Bip_{}_LowerArm", "J_Bip_{}_Hand"),
    above=("Root",), root="Root", finger=lambda f, k, s: f"J_Bip_{s}_{_LITTLE[f]}{k}",
    leaves=(("J_Sec_Hair1_01", "J_Bip_C_Head"), ("J_Sec_Hair2_01", "J_Sec_Hair1_01"), ("J_Adj_{}_FaceEye",
            "J_Bip_C_Head"), ("J_Sec_{}_Bust1", "J_Bip_C_UpperChest"), ("J_Sec_{}_SkirtSide0_01", "J_Bip_C_Hips")),
)  # fmt: skip


def rigify(layer: str, loose: bool) -> Scheme:
    """DEF or ORG bones, alone; ``loose``: as an exporter of deforming bones leaves them."""
    p = layer + "-"
    bones = ("thigh", "shin", "foot", "toe", "shoulder", "upper_arm", "forearm", "hand")
    limb = {part: f"{p}{bone}.{{}}" for part, bone in zip(PARTS, bones)}
    if layer == "DEF":
        for part in ("hip", "knee", "shoulder", "elbow"):
            limb[part] += f"|{limb[part]}.001"
    return Scheme(
        f"Rigify {layer}", ("L", "R"), p + "spine", tuple(f"{p}spine.00{k}" for k in (1, 2, 3)),
        (p + "spine.004", p + "spine.005"), p + "spine.006", _limbs(**limb),
        finger=lambda f, k, s: f"{p}{'' if f == 0 else 'f_'}{FINGERS[f]}.0{k}.{s}",
        palm=lambda f, s: f"{p}palm.0{f}.{s}",
        leaves=((p + "breast.{}", p + "spine.003"), (p + "pelvis.{}", p + "spine")), loose=loose,
    )  # fmt: skip


RIGIFY_FK = Scheme(
    "Rigify FK", ("L", "R"), "hips", ("spine_fk", "spine_fk.001", "spine_fk.002"), ("neck",), "head",
    _limbs("thigh_fk.{}", "shin_fk.{}", "foot_fk.{}", "toe_fk.{}", "shoulder.{}", "upper_arm_fk.{}", "forearm_fk.{}",
           "hand_fk.{}"),
)  # fmt: skip
MAKEHUMAN = Scheme(
    "MakeHuman", ("L", "R"), "root", ("spine05", "spine04", "spine03", "spine02", "spine01"),
    ("neck01", "neck02", "neck03"), "head",
    _limbs("upperleg01.{}|upperleg02.{}", "lowerleg01.{}|lowerleg02.{}", "foot.{}", "toe1-1.{}",
           "clavicle.{}|shoulder01.{}", "upperarm01.{}|upperarm02.{}", "lowerarm01.{}|lowerarm02.{}", "wrist.{}"),
    finger=lambda f, k, s: f"finger{f + 1}-{k}.{s}", palm=lambda f, s: f"metacarpal{f}.{s}", before_hip="pelvis.{}",
    leaves=(("breast.{}", "spine02"), ("jaw", "head"), ("eye.{}", "head"), ("oris01", "jaw"), ("special03", "head")),
)  # fmt: skip
MOTIONBUILDER = Scheme(
    "CMU MotionBuilder", ("Left", "Right"), "Hips", ("LowerBack", "Spine", "Spine1"), ("Neck", "Neck1"), "Head",
    _limbs("{}UpLeg", "{}Leg", "{}Foot", "{}ToeBase", "{}Shoulder", "{}Arm", "{}ForeArm", "{}Hand"),
    before_hip="{}HipJoint",
)  # fmt: skip
BIPED = Scheme(
    "3ds Max Biped", ("L", "R"), "Bip01 Pelvis", ("Bip01 Spine", "Bip01 Spine1", "Bip01 Spine2"), ("Bip01 Neck",),
    "Bip01 Head",
    {k: ("Bip01 " + n[0],) for k, n in _limbs("{} Thigh", "{} Calf", "{} Foot", "{} Toe0", "{} Clavicle", "{} UpperArm",
                                              "{} Forearm", "{} Hand").items()},
    above=("Bip01",), root="Bip01", finger=lambda f, k, s: f"Bip01 {s} Finger{f}{'' if k == 1 else k - 1}",
    legs_on="Bip01 Spine", arms_on="Bip01 Neck", leaves=(("Bip01 HeadNub", "Bip01 Head"),),
    twists=(("Bip01 {} ForeTwist", "elbow"),),
)  # fmt: skip
DAZ = Scheme(
    "DAZ Genesis 8", ("l", "r"), "hip", ("abdomenLower", "abdomenUpper", "chestLower", "chestUpper"),
    ("neckLower", "neckUpper"), "head",
    _limbs("{}ThighBend|{}ThighTwist", "{}Shin", "{}Foot", "{}Toe", "{}Collar", "{}ShldrBend|{}ShldrTwist",
           "{}ForearmBend|{}ForearmTwist", "{}Hand"),
    above=("Genesis8Female",), root="Genesis8Female",
    finger=lambda f, k, s: f"{s}{('Thumb', 'Index', 'Mid', 'Ring', 'Pinky')[f]}{k}", palm=lambda f, s: f"{s}Carpal{f}",
    before_hip="{}pelvis", leaves=(("lowerJaw", "head"), ("{}Eye", "head"), ("{}Pectoral", "chestUpper"),
                                   ("{}BigToe", "{}Toe")),
)  # fmt: skip
AUTO_RIG_PRO = Scheme(
    "Auto-Rig Pro", ("l", "r"), "root.x", ("spine_01.x", "spine_02.x", "spine_03.x"), ("neck.x",), "head.x",
    _limbs("thigh_stretch.{}", "leg_stretch.{}", "foot.{}", "toes_01.{}", "shoulder.{}", "arm_stretch.{}",
           "forearm_stretch.{}", "hand.{}"),
    above=("c_traj",), root="c_traj",
    finger=lambda f, k, s: f"{'' if k == 1 else 'c_'}{FINGERS[f]}{k}.{s}",
    palm=lambda f, s: f"c_{FINGERS[f]}1_base.{s}",
    twists=(("arm_twist.{}", "shoulder"), ("forearm_twist.{}", "elbow"), ("thigh_twist.{}", "hip"),
            ("leg_twist.{}", "knee")),
    leaves=(("c_arms_pole.{}", "root.x"), ("c_hand_ik.{}", "root.x"), ("c_foot_ik.{}", "root.x"),
            ("c_skull_01.x", "head.x")),
)  # fmt: skip
BLENDER = Scheme(
    "Blender .L/.R", ("L", "R"), "hips", ("spine", "chest"), ("neck",), "head",
    _limbs("thigh.{}", "shin.{}", "foot.{}", "toe.{}", "shoulder.{}", "upper_arm.{}", "forearm.{}", "hand.{}"),
    above=("root",), root="root", finger=lambda f, k, s: f"{FINGERS[f]}.0{k}.{s}",
)  # fmt: skip
QUATERNIUS = Scheme(
    "Quaternius", ("L", "R"), "Hips", ("Abdomen", "Torso", "Chest"), ("Neck",), "Head",
    _limbs("UpperLeg.{}", "LowerLeg.{}", "Foot.{}", "", "Shoulder.{}", "UpperArm.{}", "LowerArm.{}", "Hand.{}"),
    above=("Root",), root="Root", finger=lambda f, k, s: f"{_PINKY[f]}{k}.{s}", legs_on="Root",
)  # fmt: skip
CHARACTER_CREATOR = Scheme(
    "Character Creator", ("L", "R"), "CC_Base_Hip", ("CC_Base_Waist", "CC_Base_Spine01", "CC_Base_Spine02"),
    ("CC_Base_NeckTwist01", "CC_Base_NeckTwist02"), "CC_Base_Head",
    {k: ("CC_Base_" + n[0],) for k, n in _limbs("{}_Thigh", "{}_Calf", "{}_Foot", "{}_ToeBase", "{}_Clavicle",
                                                "{}_Upperarm", "{}_Forearm", "{}_Hand").items()},
    above=("CC_Base_BoneRoot",), root="CC_Base_BoneRoot",
    finger=lambda f, k, s: f"CC_Base_{s}_{('Thumb', 'Index', 'Mid', 'Ring', 'Pinky')[f]}{k}",
    twists=(("CC_Base_{}_UpperarmTwist01", "shoulder"), ("CC_Base_{}_UpperarmTwist02", "shoulder"),
            ("CC_Base_{}_ForearmTwist01", "elbow"), ("CC_Base_{}_ThighTwist01", "hip"),
            ("CC_Base_{}_CalfTwist01", "knee")),
    before_hip="CC_Base_{}_Pelvis", leaves=(("CC_Base_{}_ToeBaseShareBone", "CC_Base_{}_Foot"),
        ("CC_Base_{}_BigToe1", "CC_Base_{}_ToeBase"), ("CC_Base_FacialBone", "CC_Base_Head"),
        ("CC_Base_{}_Breast", "CC_Base_Spine02"), ("CC_Base_{}_RibsTwist", "CC_Base_Spine02")),
)  # fmt: skip


def smpl(prefix: str) -> Scheme:
    p = prefix
    return Scheme(
        f"SMPL {prefix!r}", ("L", "R"), p + "Pelvis", tuple(f"{p}Spine{k}" for k in (1, 2, 3)), (p + "Neck",),
        p + "Head",
        {k: (p + n[0],) for k, n in _limbs("{}_Hip", "{}_Knee", "{}_Ankle", "{}_Foot", "{}_Collar", "{}_Shoulder",
                                           "{}_Elbow", "{}_Wrist").items()},
        above=(p + "root",), root=p + "root", leaves=((p + "{}_Hand", p + "{}_Wrist"),),
    )  # fmt: skip


SMPLX = Scheme(
    "SMPL-X", ("left", "right"), "pelvis", ("spine1", "spine2", "spine3"), ("neck",), "head",
    {part: ("{}_" + part,) for part in ("hip", "knee", "ankle", "foot", "collar", "shoulder", "elbow", "wrist")},
    above=("root",), root="root", finger=lambda f, k, s: f"{s}_{FINGERS[f]}{k}",
    leaves=(("jaw", "head"), ("{}_eye_smplhf", "head")),
)  # fmt: skip
SCHEMES = (
    mixamo(), mixamo(""), mixamo("mixamorig9:"), mixamo("Ninja:mixamorig_"), UNREAL, UNITY, VROID, rigify("DEF", False),
    rigify("DEF", True), rigify("ORG", False), RIGIFY_FK, MAKEHUMAN, MOTIONBUILDER, BIPED, DAZ, AUTO_RIG_PRO, BLENDER,
    QUATERNIUS, CHARACTER_CREATOR, smpl(""), smpl("f_avg_"), SMPLX,
)  # fmt: skip
