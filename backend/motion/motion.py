"""``Motion``: the one data type everything meets in, and ``KeyPose``: one frame of constraints."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from . import rotations as rot
from .skeleton import Skeleton

CONTACT_JOINTS = ("left_ankle", "left_foot", "right_ankle", "right_foot")
FARTHEST = 1e6
"""metres from the origin; no file or scene means more"""


def as_rate(fps) -> Fraction:
    """A frame rate as an exact ratio: 24, "24000/1001", 23.976 or a pair (fps, fps_base)."""
    if isinstance(fps, str) and "/" not in fps:
        fps = float(fps)
    if isinstance(fps, (float, np.floating)) and not np.isfinite(fps):
        raise ValueError(f"frame rate must be a finite number, got {fps}")
    if isinstance(fps, (tuple, list)):
        fps, base = fps
        if not base > 0:
            raise ValueError(f"the base of a frame rate must be positive, got {base}")
        # Blender keeps fps_base as float32: 1.001 arrives as 1.00100004673
        rate = Fraction(fps).limit_denominator(1000) / Fraction(base).limit_denominator(1000)
    elif isinstance(fps, (float, np.floating)):
        fps = float(fps)
        # the NTSC rates are written rounded: 23.976 means 24000/1001
        ntsc = Fraction(round(fps) * 1000, 1001)
        rate = ntsc if abs(float(ntsc) - fps) < 5e-4 else Fraction(fps).limit_denominator(100_000)
    else:
        rate = Fraction(fps)
    if not 1 <= rate <= 1000:
        raise ValueError(f"frame rate must lie between 1 and 1000 frames a second, got {float(rate):g}")
    return rate


@dataclass(frozen=True, eq=False)
class Motion:
    """T frames on a skeleton of J joints. World: metres, Y up, right-handed; a Motion may stand and face anywhere.

    ``root`` (T, 3) is the pelvis joint in the world; ``rotations`` (T, J, 4) are local unit quaternions w,x,y,z against
    the T-pose whose joint axes equal the world's; ``contacts`` (T, 4) bool in the order of ``CONTACT_JOINTS``; ``fps``
    is a ratio. The arrays are read-only; ValueError says which one does not fit.
    """

    skeleton: Skeleton
    root: np.ndarray
    rotations: np.ndarray
    fps: Fraction = Fraction(30)
    contacts: np.ndarray | None = field(default=None)
    _pose: tuple[np.ndarray, np.ndarray] | None = field(default=None, init=False, repr=False)
    """joint positions and world rotations, once ``kinematics.pose`` has worked them out"""

    def __post_init__(self):
        root = np.array(self.root, dtype=np.float64)
        rotations = np.asarray(self.rotations, dtype=np.float64)
        frames, joints = len(root), len(self.skeleton)
        if frames < 1 or root.shape != (frames, 3):
            raise ValueError(f"root must be (T, 3) with T >= 1, got {root.shape}")
        if rotations.shape != (frames, joints, 4):
            raise ValueError(f"rotations must be ({frames}, {joints}, 4), got {rotations.shape}")
        if not (np.isfinite(root).all() and np.isfinite(rotations).all()):
            raise ValueError("a motion must not contain NaN or infinite numbers")
        contacts = np.zeros((frames, 4), bool) if self.contacts is None else np.asarray(self.contacts, bool)
        if contacts.shape != (frames, 4):
            raise ValueError(f"contacts must be ({frames}, 4), got {contacts.shape}")
        rotations = rot.normalize(rotations)
        for array in (root, rotations):
            array.flags.writeable = False  # a pose that was worked out from them must stay true
        object.__setattr__(self, "root", root)
        object.__setattr__(self, "rotations", rotations)
        object.__setattr__(self, "contacts", contacts)
        object.__setattr__(self, "fps", as_rate(self.fps))

    def __len__(self):
        return len(self.root)

    @property
    def seconds(self) -> float:
        return float(len(self) / self.fps)

    def __getitem__(self, frames: slice) -> Motion:
        """A span of frames as a Motion."""
        if not isinstance(frames, slice):
            raise TypeError("a motion is cut with a slice of frames")
        return replace(self, root=self.root[frames], rotations=self.rotations[frames], contacts=self.contacts[frames])

    def moved(self, yaw: float = 0.0, offset=(0.0, 0.0, 0.0)) -> Motion:
        """Turned about the world's +Y by ``yaw`` radians, then shifted by ``offset`` metres."""
        if yaw:
            q = rot.about_y(yaw)
            rotations = self.rotations.copy()
            rotations[:, 0] = rot.multiply(q, rotations[:, 0])
            turned = replace(self, root=rot.rotate(q, self.root), rotations=rotations)
            if self._pose is not None:
                positions, world = self._pose
                turned.keep_pose(rot.rotate(q, positions), rot.multiply(q, world))
            return turned.moved(0.0, offset)
        there = replace(self, root=self.root + np.asarray(offset, float))
        if self._pose is not None:
            there.keep_pose(self._pose[0] + np.asarray(offset, float), self._pose[1])
        return there

    def with_contacts(self, contacts: np.ndarray) -> Motion:
        """The same motion, told anew when its feet are down: ``contacts`` (T, 4)."""
        told = replace(self, contacts=contacts)
        if self._pose is not None:
            told.keep_pose(*self._pose)
        return told

    def keep_pose(self, positions: np.ndarray, world: np.ndarray) -> None:
        """Remember what forward kinematics gave, (T, J, 3) and (T, J, 4), read-only; see ``kinematics.pose``."""
        for array in (positions, world):
            array.flags.writeable = False
        object.__setattr__(self, "_pose", (positions, world))

    def on(self, skeleton: Skeleton) -> Motion:
        """The same rotations on another skeleton with the same joints; the root path scaled by leg length."""
        if skeleton.names != self.skeleton.names:
            raise ValueError("Motion.on changes offsets only; another joint set needs the retargeter")
        return replace(self, skeleton=skeleton, root=self.root * (skeleton.leg_length / self.skeleton.leg_length))


def believed(motion: Motion) -> Motion:
    """A motion that came from outside, as it is; ValueError for a rotation without direction and for a root that stands
    farther away than anybody means. Asked once, where it is read."""
    lengths = np.einsum("...i,...i->...", motion.rotations, motion.rotations)  # 1, or 0 where there is no direction
    if lengths.min() < 0.5:
        frame, joint = np.argwhere(lengths < 0.5)[0]
        raise ValueError(
            f"the rotation of {motion.skeleton.names[joint]} at frame {frame} has no direction: its four numbers are 0 "
            "or too large"
        )
    farthest = np.abs(motion.root).max()
    if farthest > FARTHEST:
        raise ValueError(
            f"the root stands {farthest:.3g} m from the origin, at most {FARTHEST:g} m are accepted; is the unit right?"
        )
    return motion


@dataclass(frozen=True, eq=False)
class JointKey:
    """What a key pose binds of one joint, each part alone or None: local ``rotation`` (4), world ``position`` (3) in
    metres, and ``bend`` (3), the world direction in which a knee or elbow points."""

    rotation: np.ndarray | None = None
    position: np.ndarray | None = None
    bend: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class KeyPose:
    """One frame of constraints. ``frame`` is an integer scene frame; ``joints`` maps joint names to ``JointKey``; the
    root's ``ground`` (x, z), ``height`` (m) and ``heading`` (radians about +Y) are each bound, or free when None."""

    frame: int
    joints: dict[str, JointKey] = field(default_factory=dict)
    ground: np.ndarray | None = None
    height: float | None = None
    heading: float | None = None

    def to_dict(self) -> dict:
        def plain(value):
            return None if value is None else np.asarray(value, float).tolist()

        return {
            "frame": int(self.frame),
            "joints": {
                name: {"rotation": plain(k.rotation), "position": plain(k.position), "bend": plain(k.bend)}
                for name, k in self.joints.items()
            },
            "ground": plain(self.ground),
            "height": self.height,
            "heading": self.heading,
        }

    @classmethod
    def from_dict(cls, d: dict) -> KeyPose:
        def vector(value, size):
            if value is None:
                return None
            array = np.asarray(value)
            if array.shape != (size,) or array.dtype.kind not in "iuf" or not np.isfinite(array).all():
                raise ValueError(f"a key pose needs {size} finite numbers here, got {str(value)[:60]}")
            return array.astype(float)

        def number(name):
            value = d.get(name)
            if value is None:
                return None
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ValueError(f"{name} of a key pose must be a number, got {str(value)[:60]!r}")
            return float(value)

        frame = d["frame"]
        if isinstance(frame, bool) or not isinstance(frame, int):
            raise ValueError(f"the frame of a key pose must be a whole number, got {str(frame)[:60]!r}")

        joints = {
            str(name): JointKey(vector(k.get("rotation"), 4), vector(k.get("position"), 3), vector(k.get("bend"), 3))
            for name, k in d.get("joints", {}).items()
        }
        return cls(frame, joints, vector(d.get("ground"), 2), number("height"), number("heading"))
