"""One control that is brought where it is wanted by correcting its key after each evaluation of the rig."""

from __future__ import annotations

from math import pi

import bpy
from mathutils import Matrix, Quaternion, Vector

from ..keys import Goal

_CARRYING = ("ARMATURE", "CHILD_OF", "COPY_LOCATION", "COPY_ROTATION", "COPY_TRANSFORMS")


class Fit:
    """``bone`` with its Goal; ``above``: the fitted control that takes it along, or None."""

    def __init__(self, pose_bone: bpy.types.PoseBone, goal: Goal, above: str | None):
        self.bone, self.above = pose_bone.name, above
        self._pose_bone, self._goal = pose_bone, goal
        self._carried = goal.carries or self.bone
        bone = pose_bone.bone
        self._parent = bone.parent.name if bone.parent is not None else None
        self._local, self._connected = bone.use_local_location, bone.use_connect
        self._seen = self.basis
        self._guess: tuple[Quaternion, Vector] | None = None
        self._lack = Quaternion(), Vector()

    @property
    def basis(self) -> tuple[Quaternion, Vector]:
        """Rotation and location as they are keyed."""
        return self._pose_bone.matrix_basis.to_quaternion(), self._pose_bone.location.copy()

    def take_up(self, rotation: Quaternion, location: Vector) -> None:
        """Go on from this key."""
        set_rotation(self._pose_bone, rotation)
        self._pose_bone.location = location

    def look(self, posed: bpy.types.Object, t: int) -> tuple[float, float]:
        """Distance (armature units) and angle (radians) between what is ``posed`` with the present key and what frame
        ``t`` wants."""
        self._seen = self.basis
        distance = angle = 0.0
        if self._goal.rotation is not None:
            now = posed.pose.bones[self.bone].matrix.to_quaternion()
            angle = now.rotation_difference(Quaternion(self._goal.rotation[t])).angle
        if self._goal.head is not None:
            distance = (Vector(self._goal.head[t]) - posed.pose.bones[self._carried].matrix.translation).length
        return distance, min(angle, abs(angle - 2.0 * pi))

    def foresee(self) -> None:
        """The first guess of a frame, corrected from the frame before: what that one's lacked, this one will lack, as
        what the control hangs on moves on as it did."""
        self._guess = rotation, location = self.basis
        self.take_up(rotation @ self._lack[0], location + self._lack[1])

    def remember(self, reached: bool) -> None:
        """Keep what the first guess lacked, if there was one and the control was ``reached``."""
        self._lack = Quaternion(), Vector()
        if reached and self._guess is not None:
            rotation, location = self.basis
            self._lack = self._guess[0].inverted() @ rotation, location - self._guess[1]

    def correct(self, posed: bpy.types.Object, t: int, moved: dict[str, Matrix]) -> None:
        """Change the key by what was missing at the last look. ``moved``: control -> how the correction moves it and
        what hangs on it, in armature space; the controls above are there already."""
        along = moved.get(self.above, Matrix.Identity(4))
        place = along @ posed.pose.bones[self.bone].matrix
        before, head = place.to_quaternion(), place.translation
        (rotation, location), scale = self._seen, self._pose_bone.scale
        turn = Quaternion()
        if self._goal.rotation is not None:
            wanted = Quaternion(self._goal.rotation[t])
            turn = wanted @ before.inverted()
            set_rotation(self._pose_bone, rotation @ before.inverted() @ wanted)
        shift = Vector()
        if self._goal.head is not None and not self._connected:
            carried = along @ posed.pose.bones[self._carried].matrix.translation
            shift = Vector(self._goal.head[t]) - (head + turn @ (carried - head))
            own = rotation.to_matrix() @ Matrix.Diagonal(scale)
            axes = place.to_3x3() @ own.inverted() if self._local else self._parent_axes(posed, along)
            self._pose_bone.location = location + axes.inverted() @ shift
        about = Matrix.Translation(head + shift) @ turn.to_matrix().to_4x4() @ Matrix.Translation(-head)
        moved[self.bone] = about @ along

    def _parent_axes(self, posed: bpy.types.Object, along: Matrix) -> Matrix:
        if self._parent is None:
            return Matrix.Identity(3)
        return (along @ posed.pose.bones[self._parent].matrix).to_3x3()


def set_rotation(bone: bpy.types.PoseBone, rotation: Quaternion) -> None:
    """In the bone's own rotation mode: drivers may read its channels."""
    if bone.rotation_mode == "QUATERNION":
        bone.rotation_quaternion = rotation
    elif bone.rotation_mode == "AXIS_ANGLE":
        axis, angle = rotation.to_axis_angle()
        bone.rotation_axis_angle = (angle, *axis)
    else:
        bone.rotation_euler = rotation.to_euler(bone.rotation_mode, bone.rotation_euler)


def fits_of(puppet: bpy.types.Object, unsolved: dict[str, Goal]) -> list[Fit]:
    """A Fit for each, those that take others along first."""
    above = {name: _above(puppet, name, unsolved) for name in unsolved}
    order = sorted(unsolved, key=lambda name: len(_line(name, above)))
    return [Fit(puppet.pose.bones[name], unsolved[name], above[name]) for name in order]


def _line(name: str | None, above: dict[str, str | None]) -> list[str]:
    """The control and those above it, up to where they go round in a circle."""
    found = []
    while name is not None and name not in found:
        found.append(name)
        name = above[name]
    return found


def _above(puppet: bpy.types.Object, name: str, unsolved: dict[str, Goal]) -> str | None:
    """The nearest of the other controls that takes ``name`` along: among its parents and what these follow."""
    todo, seen = [puppet.pose.bones[name].parent], {name}
    while todo:
        bone = todo.pop(0)
        if bone is None or bone.name in seen:
            continue
        if bone.name in unsolved:
            return bone.name
        seen.add(bone.name)
        todo += [*(puppet.pose.bones.get(b) for b in _carriers(puppet, bone)), bone.parent]
    return None


def _carriers(puppet: bpy.types.Object, bone: bpy.types.PoseBone) -> list[str]:
    """The bones that the bone follows as it would a parent."""
    acting = [c for c in bone.constraints if c.type in _CARRYING and not c.mute and c.influence > 0.5]
    aims = [aim for c in acting for aim in getattr(c, "targets", [c]) if getattr(aim, "weight", 1.0) > 0.5]
    return [aim.subtarget for aim in aims if aim.target == puppet]
