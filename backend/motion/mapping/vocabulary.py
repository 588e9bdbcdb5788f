"""Words of bone names: what riggers call the parts of the body.

A part is a slot without its side; "spine" stands for every bone of the trunk above the pelvis.
"""

from __future__ import annotations

TORSO = ("pelvis", "spine", "neck", "head")

_SURE = {
    "pelvis": "pelvis hips hiproot lowerbody cog",
    "spine": "spine chest upperchest lowerchest chestupper chestlower torso abdomen abdomenupper abdomenlower waist "
    "stomach tummy belly back lowerback upperback thorax ribcage ribs breastbone upperbody spinelower spineupper "
    "spinebase spinemid lowerspine upperspine",
    "neck": "neck neckupper necklower lowerneck upperneck",
    "head": "head",
    "hip": "thigh upleg upperleg legupper femur",
    "knee": "knee shin calf lowerleg lowleg leglower tibia",
    "ankle": "ankle",
    "foot": "toe toes toebase ball toeroot",
    "collar": "clavicle collar collarbone",
    "shoulder": "upperarm uparm armupper shldr humerus",
    "elbow": "elbow forearm lowerarm lowarm armlower radius ulna",
    "wrist": "hand wrist",
}
_UNSURE = {
    # "shoulder" is a collar bone for most and an upper arm for SMPL, whose foot follows an ankle; "leg" is a shin for
    # Mixamo and a thigh for others
    "shoulder": {"collar": 0.9, "shoulder": 0.5},
    "arm": {"shoulder": 0.9},
    "leg": {"knee": 0.9, "hip": 0.5},
    "hip": {"hip": 0.9, "pelvis": 0.9},
    "foot": {"ankle": 1.0, "foot": 0.5},
    "root": {"pelvis": 0.6},
}
PARTS: dict[str, dict[str, float]] = {w: {part: 1.0} for part, words in _SURE.items() for w in words.split()} | _UNSURE
"""words of a name, joined -> part -> how well the name fits"""

RIGIFY_SPINE = {"spine": 1.0, "pelvis": 0.5, "neck": 0.9, "head": 0.9}
"""what "DEF-spine" to "DEF-spine.006" may be: Rigify numbers the trunk from the pelvis to the head"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MODIFIERS = _words("bend stretch bind deform skin jnt joint bone bn")
"""words that leave a bone what it is"""
TWISTS = _words("twist roll twister twists")
LEADING = _words(
    """bip bip001 j jnt joint bone b bn cc base mixamorig armature rig skel sk valvebiped avg f m c character genesis"""
)
"""words that naming schemes put in front of every name"""
ROOTS = _words("root boneroot rootjoint armature origin reference trajectory traj main world ground base skeleton")
"""what bones on the ground are called"""
ASIDE = _words(
    """ik pole ctrl control controller target tgt mch str socket attach attachment weapon prop end leaf nub site null
    dummy helper driver eff effector tweak vis gizmo share sharebone parent master traj pos props properties widget
    eye eyes eyelid eyebrow brow jaw lip lips tongue teeth tooth cheek nose ear ears hair face facial mouth lid beard
    skull breast breasts bust pec pectoral boob butt glute buttock tail wing wings skirt cape cloak cloth coat ribbon
    dress backpack bag hat scarf jiggle spring phys physics dyn sec adj hipjoint metatarsal metatarsals carpal bigtoe
    pinkytoe heel smalltoe midtoe indextoe ringtoe footsteps footstep corrective antenna horn sword shield gun holster
    interaction gravity"""
)
"""words of bones that are no part of the twenty-two joints and their hands, or that only help"""
LAYERS = {"def": "def", "org": "org", "fk": "fk"}
"""words that mark a layer of a control rig -> its layer; the rest of such a rig is in ASIDE or has no mark"""

SIDES = dict.fromkeys(("l", "left", "lft", "lt"), "left") | dict.fromkeys(("r", "right", "rgt", "rt"), "right")
MIDDLE = frozenset(("c", "x"))
"""words for the centre line"""
FINGERS = {
    "thumb": "thumb", "index": "index", "pointer": "index", "middle": "middle", "mid": "middle", "ring": "ring",
    "pinky": "pinky", "pinkie": "pinky", "little": "pinky",
}  # fmt: skip
NUMBERED = ("thumb", "index", "middle", "ring", "pinky")
"""what "finger1" to "finger5" (MakeHuman) and "Finger0" to "Finger4" (Biped) are"""
METACARPAL = -1
PHALANGES = dict.fromkeys(("metacarpal", "meta", "palm", "base"), METACARPAL)
PHALANGES |= {"proximal": 1, "intermediate": 2, "medial": 2, "distal": 3}
"""word -> number of the bone in its finger"""

LABELS: dict[str, tuple[str, str | None]] = {
    "hips": ("pelvis", None), "spine": ("spine", None), "chest": ("spine", None), "upperChest": ("spine", None),
    "neck": ("neck", None), "head": ("head", None),
}  # fmt: skip
"""Unity's and VRM's humanoid table -> part and side; fingers are in ``FINGER_LABELS``"""
for _side in ("left", "right"):
    for _word, _part in (
        ("UpperLeg", "hip"), ("LowerLeg", "knee"), ("Foot", "ankle"), ("Toes", "foot"), ("Shoulder", "collar"),
        ("UpperArm", "shoulder"), ("LowerArm", "elbow"), ("Hand", "wrist"),
    ):  # fmt: skip
        LABELS[_side + _word] = (_part, _side)
FINGER_LABELS: dict[str, tuple[str, str, int]] = {
    side + finger.capitalize() + phalanx: (side, FINGERS[finger], number)
    for side in ("left", "right")
    for finger in ("thumb", "index", "middle", "ring", "little")
    for phalanx, number in (("Metacarpal", METACARPAL), ("Proximal", 1), ("Intermediate", 2), ("Distal", 3))
}
"""label -> side, finger, number of the phalanx"""
