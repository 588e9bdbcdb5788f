"""Which key poses Generate sends: the animator's own keyframes on the rig, from the playhead on."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from fractions import Fraction
from math import floor

import bpy

from ..backend.motion.bone_map import BoneMap
from ..backend.protocol import LIMITS
from ..rig.listing import some
from ..rig.reading.keyed import keyed_frames
from ..rig.reading.read_motion import rate
from ..rig.refusal import Refusal
from ..rig.writing.actions import Active

_NAMED = 8  # frames that the panel names


class KeyFrames:
    """The frames with key poses of the rig that was last asked about. The panel asks at every redraw, and reading all
    keys takes milliseconds: what was found is kept until an action is edited (``forget``)."""

    def __init__(self):
        self._asked: tuple | None = None
        self._bone_map: BoneMap | None = None
        self._frames: list[int] = []

    def of(self, rig: bpy.types.Object, bone_map: BoneMap) -> list[int]:
        """In order."""
        active = Active.of(rig)
        action, slot = active.action and active.action.session_uid, active.slot and active.slot.handle
        asked = (rig.session_uid, action, slot)
        if asked != self._asked or bone_map is not self._bone_map:
            self._asked, self._bone_map, self._frames = asked, bone_map, keyed_frames(rig, bone_map)
        return self._frames

    def forget(self) -> None:
        self._asked = None


@bpy.app.handlers.persistent
def after_update(_, depsgraph: bpy.types.Depsgraph) -> None:
    """Handler: an action was edited, by hand or by undo."""
    if depsgraph.id_type_updated("ACTION"):
        bpy.types.WindowManager.posewright.key_frames.forget()


def in_span(scene: bpy.types.Scene, frames: list[int]) -> list[int]:
    """Those of ``frames``, which are in order, that a motion from the playhead on gets to."""
    start, end = _span(scene)
    return frames[bisect_left(frames, start) : bisect_right(frames, end)]


def check_count(scene: bpy.types.Scene, frames: list[int]) -> None:
    """Refusal where there are more than a request can have."""
    if len(frames) > LIMITS.keys:
        start, end = _span(scene)
        raise Refusal(
            f"{len(frames)} key poses lie in frames {start} to {end}, at most {LIMITS.keys} are accepted. "
            "Keep fewer keys, set fewer seconds, or switch off Use Key Poses."
        )


def told(frames: list[int]) -> str:
    """ "3 key poses: 10, 25, 40" """
    return f"{len(frames)} key pose{'s' if len(frames) > 1 else ''}: {some(map(str, frames), _NAMED)}"


def seconds(scene: bpy.types.Scene) -> float | None:
    """The length to ask for; None = the model chooses."""
    return round(scene.posewright.seconds, 3) or None


def _span(scene: bpy.types.Scene) -> tuple[int, int]:
    """First and last frame of the motion; of the longest one where the model chooses the length."""
    length, fps = seconds(scene), rate(scene)
    frames = floor(LIMITS.max_seconds * fps) if length is None else max(1, round(Fraction(length) * fps))
    return scene.frame_current, scene.frame_current + frames - 1
