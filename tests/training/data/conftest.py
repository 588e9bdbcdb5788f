"""Motions and small source files in the true layouts, made here so that what they hold is known."""

from types import SimpleNamespace

import numpy as np
import pytest

from backend.motion import rotations as rot
from backend.motion.floor import on_floor
from backend.motion.motion import Motion
from backend.motion.skeleton import canonical

SKELETON = canonical()
THIGH, SHANK = 0.406, 0.437
ANKLE, HIP_TO_ANKLE = 0.035, 0.76  # metres over the floor, and from there up to the hip in mid-stance


def turned_about(axis, angle):
    return rot.from_axis_angle(np.eye(3)["xyz".index(axis)], np.asarray(angle, float))


def arms(left=-1.3, right=1.3):
    """{joint: rotation}: arms hang with the defaults, a T-pose with 0, over the head with the signs exchanged."""
    return {"left_shoulder": turned_about("z", left), "right_shoulder": turned_about("z", right)}


def leg(along, lift):
    """Rotations of hip, knee and ankle, each (T, 4), that put the flat foot ``along`` (m) ahead of the hip."""
    down = HIP_TO_ANKLE - lift
    reach = np.hypot(along, down)
    first = np.arccos((THIGH**2 + reach**2 - SHANK**2) / (2 * THIGH * reach))
    second = np.arccos((SHANK**2 + reach**2 - THIGH**2) / (2 * SHANK * reach))
    thigh, shank = np.arctan2(along, down) + first, np.arctan2(along, down) - second
    return turned_about("x", -thigh), turned_about("x", thigh - shank), turned_about("x", shank)


def treadmill(cycles=1.0, speed=1.2, frames=32, fps=30, pose=None):
    """Walking in place: the standing foot moves back at exactly ``speed``, the other swings; one foot stands at a time.

    ``frames`` a cycle, one more at the end that repeats the first; ``pose``: {joint: (4,) or (T, 4)} over the arms.
    """
    t = np.arange(round(cycles * frames) + 1)
    length = speed * frames / fps / 2
    rotations = np.tile(rot.IDENTITY, (len(t), len(SKELETON), 1))
    for side, phase in (("left", t / frames % 1), ("right", (t / frames + 0.5) % 1)):
        s = np.clip(2 * phase - 1, 0, 1)  # the swing; its ends have the speed of the stance
        swing = length * (s - 0.5 + 2 * (3 * s**2 - 2 * s**3 - s))
        along = np.where(phase < 0.5, length * (0.5 - 2 * phase), swing)
        for joint, q in zip(("hip", "knee", "ankle"), leg(along, 0.1 * np.sin(np.pi * s) ** 2)):
            rotations[:, SKELETON.index(f"{side}_{joint}")] = q
    for joint, q in {**arms(), **(pose or {})}.items():
        rotations[:, SKELETON.index(joint)] = q
    root = np.tile([0.0, ANKLE + HIP_TO_ANKLE + 0.075, 0.0], (len(t), 1))
    return Motion(SKELETON, root, rotations, fps)


def walk(seconds=4.0, speed=1.2, turn=0.0, pose=None):
    """Walking forward at 30 fps from the origin along +Z, turning left by ``turn`` radians in all."""
    frames, cycle = round(seconds * 30), min(32, int(40 / speed))  # the leg is long enough for steps of 0.68 m
    there = treadmill((frames - 1) / cycle, speed, cycle, pose=pose)
    yaw = turn * np.arange(frames) / frames
    rotations = there.rotations.copy()
    rotations[:, 0] = rot.multiply(rot.about_y(yaw), rotations[:, 0])
    step = speed / 30 * np.stack([np.sin(yaw), 0 * yaw, np.cos(yaw)], axis=1)
    root = there.root + np.concatenate([np.zeros((1, 3)), np.cumsum(step[:-1], axis=0)])
    return on_floor(Motion(SKELETON, root, rotations, 30))


def stand(seconds=4.0, pose=None, height=0.0):
    """Standing still at 30 fps, arms hanging; ``height`` (m, number or (T,)) lifts the root."""
    frames = round(seconds * 30)
    rotations = np.tile(rot.IDENTITY, (frames, len(SKELETON), 1))
    for joint, q in {**arms(), **(pose or {})}.items():
        rotations[:, SKELETON.index(joint)] = q
    root = np.zeros((frames, 3))
    root[:, 1] = SKELETON.hip_height + height
    return on_floor(Motion(SKELETON, root, rotations, 30))


def wave(seconds=4.0, raised=(1.0, 3.0)):
    """Standing; the right arm goes up and waves between two times."""
    t = np.arange(round(seconds * 30)) / 30
    up = np.clip(np.minimum(t - raised[0], raised[1] - t) / 0.3, 0, 1)
    angle = 1.3 - up * (2.4 + 0.4 * np.sin(4 * np.pi * t))
    return stand(seconds, {"right_shoulder": turned_about("z", angle)})


@pytest.fixture(scope="session")
def make():
    """The makers of motions above."""
    return SimpleNamespace(treadmill=treadmill, walk=walk, stand=stand, wave=wave, arms=arms, about=turned_about)


# In the files somebody walks along +Z at this speed, the left arm hanging and the right one raised. Names, parents,
# channel orders, units and the layout of the text are those of the true files; the numbers are our own.
SPEED = 1.2

_DAZ = """hip - 0 0 0
abdomen hip 0 20 -0.7
chest abdomen 0 12 -0.5
neck chest 0 22 -2
head neck 0 7 1
leftEye head 4 8 8
rCollar chest -2.7 19 -4.9
rShldr rCollar -9 -2 1.5
rForeArm rShldr -28 0 0
rHand rForeArm -23 0 0
rThumb1 rHand -1 -0.5 3
rIndex1 rHand -8 1 5
rMid1 rHand -8 1 3
rPinky1 rHand -8 0 -0.5
lCollar chest 2.7 19 -4.9
lShldr lCollar 9 -2 1.5
lForeArm lShldr 28 0 0
lHand lForeArm 23 0 0
lThumb1 lHand 1 -0.5 3
lIndex1 lHand 8 1 5
lMid1 lHand 8 1 3
lPinky1 lHand 8 0 -0.5
rButtock hip -8.8 4 1.2
rThigh rButtock 0 -1.7 -2.2
rShin rThigh 0 -37 0.7
rFoot rShin 0.7 -45 -5
lButtock hip 8.8 4 1.2
lThigh lButtock 0 -1.7 -2.2
lShin lThigh 0 -37 0.7
lFoot lShin -0.7 -45 -5"""

_MOTIONBUILDER = """Hips - 0 0 0
LHipJoint Hips 0 0 0
LeftUpLeg LHipJoint 1.7 -1.9 0.5
LeftLeg LeftUpLeg 2.5 -6.9 0
LeftFoot LeftLeg 2.7 -7.4 0
LeftToeBase LeftFoot 0.2 -0.5 2.2
RHipJoint Hips 0 0 0
RightUpLeg RHipJoint -1.7 -1.9 0.5
RightLeg RightUpLeg -2.5 -6.9 0
RightFoot RightLeg -2.7 -7.4 0
RightToeBase RightFoot -0.2 -0.5 2.2
LowerBack Hips 0 0 0
Spine LowerBack 0 2 -0.2
Spine1 Spine 0 2 0
Neck Spine1 0 0 0
Neck1 Neck 0 1.7 0.2
Head Neck1 0 1.7 -0.2
LeftShoulder Spine1 0 0 0
LeftArm LeftShoulder 3.4 1 -0.4
LeftForeArm LeftArm 5.1 0 0
LeftHand LeftForeArm 3.6 0 0
LeftFingerBase LeftHand 0 0 0
LThumb LeftHand 0 0 0
RightShoulder Spine1 0 0 0
RightArm RightShoulder -3.4 1 -0.4
RightForeArm RightArm -5.1 0 0
RightHand RightForeArm -3.6 0 0
RightFingerBase RightHand 0 0 0
RThumb RightHand 0 0 0"""

_O3DE = """Hips - 0 0 0
Spine Hips 0 10 0
Chest Spine 0 13 0
UpperChest Chest 0 13 0
Neck UpperChest 0 18 0
Head Neck 0 10 2
LeftShoulder UpperChest 4 13 0
LeftUpperArm LeftShoulder 13 0 0
LeftLowerArm LeftUpperArm 27 0 0
LeftHand LeftLowerArm 26 0 0
RightShoulder UpperChest -4 13 0
RightUpperArm RightShoulder -13 0 0
RightLowerArm RightUpperArm -27 0 0
RightHand RightLowerArm -26 0 0
LeftUpperLeg Hips 9.5 -4 0
LeftLowerLeg LeftUpperLeg 0 -41 0
LeftFoot LeftLowerLeg 0 -41 0
LeftToes LeftFoot 0 -7 14
RightUpperLeg Hips -9.5 -4 0
RightLowerLeg RightUpperLeg 0 -41 0
RightFoot RightLowerLeg 0 -41 0
RightToes RightFoot 0 -7 14"""


def _bvh(hierarchy, order, time, frames, tab, root_order=None):
    """Text of a BVH file; ``frames``: dicts name -> angles by letter, and "root" -> (x, y, z)."""
    joints = [line.split() for line in hierarchy.splitlines()]
    orders = {name: order if parent != "-" else root_order or order for name, parent, *_ in joints}
    lines = ["HIERARCHY"]

    def put(name, offset, depth):
        pad, channels = tab * depth, " ".join(f"{c}rotation" for c in orders[name])
        lines.extend([f"{pad}{'JOINT' if depth else 'ROOT'} {name}", pad + "{", f"{pad}{tab}OFFSET {' '.join(offset)}"])
        lines.append(f"{pad}{tab}CHANNELS {'3' if depth else '6 Xposition Yposition Zposition'} {channels}")
        children = [j for j in joints if j[1] == name]
        for child in children:
            put(child[0], child[2:], depth + 1)
        if not children:
            lines.extend([f"{pad}{tab}End Site", f"{pad}{tab}{{", f"{pad}{tab * 2}OFFSET 0 1 0", f"{pad}{tab}}}"])
        lines.append(pad + "}")

    put(joints[0][0], joints[0][2:], 0)
    lines += ["MOTION", f"Frames:\t{len(frames)}", f"Frame Time:\t{time}"]
    for frame in frames:
        angles = [frame.get(j[0], {}).get(letter, 0) for j in joints for letter in orders[j[0]]]
        lines.append(" ".join(f"{v:g}" for v in [*frame["root"], *angles]))
    return "\n".join(lines) + "\n"


def _frames(count, fps, unit, height, pose, tpose):
    """One frame of T-pose, then ``count`` frames of the walk; ``unit`` metres."""
    walk = [{"root": (3.0, height, SPEED / unit * k / fps), **pose} for k in range(count)]
    return [{"root": (3.0, height, 0.0), **tpose}, *walk]


def daz(path, seconds=2.0, fps=120):
    """CMU trial of the Daz-friendly conversion: centimetres, begins in a T-pose, its frame time says 120 fps."""
    pose = {"lShldr": {"Z": -75}, "rShldr": {"Z": -75}}
    frames = _frames(round(fps * seconds), fps, 0.01, 84, pose, {})
    path.write_text(_bvh(_DAZ, "ZXY", "0.00833333", frames, "  ", "ZYX"), encoding="utf-8")


def motionbuilder(path, seconds=2.0):
    """CMU trial of the MotionBuilder-friendly conversion: CMU's inches, 120 fps, legs spread in the zero pose and the
    feet square to them."""
    legs = {"LeftUpLeg": {"Z": -20}, "RightUpLeg": {"Z": 20}}
    pose = {**legs, "LeftArm": {"Z": -75}, "RightArm": {"Z": -75}}
    frames = _frames(round(120 * seconds), 120, 2.54 / 45, 17.7, pose, legs)
    path.write_text(_bvh(_MOTIONBUILDER, "ZYX", ".0083333", frames, "\t"), encoding="utf-8")


def o3de(path, seconds=2.0):
    """O3DE take: centimetres, 30 fps; its T-pose holds the upper chest 24 degrees away from the zero pose."""
    held = {"UpperChest": {"X": -24}, "Neck": {"X": 24}}
    pose = {**held, "LeftUpperArm": {"Z": -75}, "RightUpperArm": {"Z": -75}}
    frames = _frames(round(30 * seconds), 30, 0.01, 93, pose, held)
    path.write_text(_bvh(_O3DE, "ZXY", "0.033333", frames, "\t"), encoding="utf-8")


_ASF_HEAD = """# AST/ASF file generated using VICON BodyLanguage
:version 1.10
:name VICON
:units
  mass 1.0
  length 0.45
  angle deg
:documentation
   .ast/.asf automatically generated from VICON data
:root
   order TX TY TZ RX RY RZ
   axis XYZ
   position 0 0 0
   orientation 0 0 0
:bonedata
"""
# name, direction, length, axis z, degrees of freedom, parent
_ASF = """lhipjoint 0.57 -0.75 0.35 2.4 0 - root
lfemur 0.342 -0.94 0 7.2 20 rx,ry,rz lhipjoint
ltibia 0.342 -0.94 0 7.5 20 rx lfemur
lfoot 0.067 -0.183 0.981 2.4 20 rx,rz ltibia
ltoes 0 0 1 1.2 20 rx lfoot
rhipjoint -0.57 -0.75 0.35 2.4 0 - root
rfemur -0.342 -0.94 0 7.2 -20 rx,ry,rz rhipjoint
rtibia -0.342 -0.94 0 7.5 -20 rx rfemur
rfoot -0.067 -0.183 0.981 2.4 -20 rx,rz rtibia
rtoes 0 0 1 1.2 -20 rx rfoot
lowerback 0 1 0 2 0 rx,ry,rz root
upperback 0 1 0 2 0 rx,ry,rz lowerback
thorax 0 1 0 2 0 rx,ry,rz upperback
lowerneck 0 1 0 1.7 0 rx,ry,rz thorax
upperneck 0 1 0 1.8 0 rx,ry,rz lowerneck
head 0 1 0 1.8 0 rx,ry,rz upperneck
lclavicle 0.94 0.34 0 3.6 0 ry,rz thorax
lhumerus 1 0 0 5 -90 rx,ry,rz lclavicle
lradius 1 0 0 3.5 -90 rx lhumerus
lwrist 1 0 0 1.7 90 ry lradius
lhand 1 0 0 0.7 90 rx,rz lwrist
lfingers 1 0 0 0.6 90 rx lhand
rclavicle -0.94 0.34 0 3.6 0 ry,rz thorax
rhumerus -1 0 0 5 90 rx,ry,rz rclavicle
rradius -1 0 0 3.5 90 rx rhumerus
rwrist -1 0 0 1.7 -90 ry rradius
rhand -1 0 0 0.7 -90 rx,rz rwrist
rfingers -1 0 0 0.6 -90 rx rhand"""


def asf(path):
    """CMU subject: the legs of its zero pose are spread by 20 degrees, the feet square to them, arms level."""
    bones = [line.split() for line in _ASF.splitlines()]
    text = _ASF_HEAD
    for k, (name, x, y, z, length, axis, dofs, _) in enumerate(bones):
        text += f"  begin\n     id {k + 1}\n     name {name}\n     direction {x} {y} {z}\n     length {length}\n"
        text += f"     axis 0 0 {axis}  XYZ\n"
        if dofs != "-":
            text += f"    dof {dofs.replace(',', ' ')}\n    limits (-180.0 180.0)\n"
            text += "           (-180.0 180.0)\n" * dofs.count(",")
        text += "  end\n"
    parents = dict.fromkeys(b[-1] for b in bones)
    text += ":hierarchy\n  begin\n"
    text += "".join(f"    {p} {' '.join(b[0] for b in bones if b[-1] == p)}\n" for p in parents)
    path.write_text(text + "  end\n", encoding="utf-8")


def amc(path, seconds=2.0):
    """CMU trial: 120 fps, no T-pose at its start."""
    lines = ["#!OML:ASF H:\\Terrain\\PLAYGROUND\\JustinFriday.ASF", ":FULLY-SPECIFIED", ":DEGREES"]
    angles = {"lfemur": "0 0 -20", "rfemur": "0 0 20", "lhumerus": "0 0 -75", "rhumerus": "0 0 -75"}
    for k in range(round(120 * seconds)):
        lines += [str(k + 1), f"root 3 17 {SPEED / (2.54 / 45) * k / 120:g} 0 0 0"]
        for name, *_, dofs, _parent in (line.split() for line in _ASF.splitlines()):
            if dofs != "-":
                lines.append(f"{name} {angles.get(name, ' '.join(['0'] * len(dofs.split(','))))}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="session")
def layouts():
    """The writers of files above, and the speed of the walk in them (m/s)."""
    return SimpleNamespace(daz=daz, motionbuilder=motionbuilder, o3de=o3de, asf=asf, amc=amc, speed=SPEED)


@pytest.fixture(scope="session")
def mocap(tmp_path_factory):
    """A miniature of the public sources: ``cmu`` (one trial of each family, one dance without a description) and
    ``o3de``. Its subjects and labels are among the committed ones."""
    folder = tmp_path_factory.mktemp("mocap")
    for name in ("cmu/01", "cmu/06", "cmu/35", "cmu/salsa", "o3de"):
        (folder / name).mkdir(parents=True)
    asf(folder / "cmu" / "01" / "01.asf")
    amc(folder / "cmu" / "01" / "01_01.amc")
    daz(folder / "cmu" / "06" / "06_01.bvh")
    motionbuilder(folder / "cmu" / "35" / "35_01.bvh")
    daz(folder / "cmu" / "salsa" / "salsa_01.bvh", fps=60)  # as the true ones: recorded at half of what they say
    o3de(folder / "o3de" / "Walk1.bvh")
    (folder / "cmu" / "descriptions.json").write_text(
        '{"01_01": "playground - forward jumps, turn around", "06_01": "walk", "35_01": "walk"}', encoding="utf-8"
    )
    return folder
