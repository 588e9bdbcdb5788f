"""Channels that are not ours to key: locked by the animator or moved by a driver."""

from __future__ import annotations

import bpy

from ..listing import some

_LETTERS = {3: "XYZ", 4: "WXYZ"}


class Protected:
    """Finds them on one rig, and remembers which of them stood in the way."""

    def __init__(self, rig: bpy.types.Object):
        data = rig.animation_data
        self._drivers = {(d.data_path, d.array_index) for d in data.drivers} if data is not None else set()
        self._found: dict[str, list[str]] = {"Locked": [], "Driven": []}

    def free(self, owner: bpy.types.PoseBone | bpy.types.Object, data_path: str, path: str, size: int) -> list[int]:
        """Which of the ``size`` channels of ``owner.path`` may be keyed; ``data_path``: the same, from the object."""
        held = _locked(owner, path)
        self._remember("Locked", owner.name, path, held, size)
        driven = {i for i in range(size) if (data_path, i) in self._drivers}
        self._remember("Driven", owner.name, path, driven, size)
        return [i for i in range(size) if i not in held | driven]

    def angles(self, owner: bpy.types.PoseBone | bpy.types.Object) -> list[int]:
        """The angles (of X, Y, Z) that stay as they are though the rotation is keyed as four numbers: there Blender's
        locks mean Euler angles until "4D" is switched on."""
        if owner.rotation_mode not in ("QUATERNION", "AXIS_ANGLE") or owner.lock_rotations_4d:
            return []
        held = [i for i in range(3) if owner.lock_rotation[i]]
        if len(held) == 3:
            return []  # then nothing of it is keyed
        self._remember("Locked", owner.name, "rotation", set(held), 3)
        return held

    def property_free(self, bone: str, name: str, data_path: str) -> bool:
        """Whether a custom property may be keyed."""
        driven = (data_path, 0) in self._drivers
        if driven:
            self._found["Driven"].append(f"{bone} {name}")
        return not driven

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(f"{why}, so not keyed: {some(names)}." for why, names in self._found.items() if names)

    def _remember(self, why: str, name: str, path: str, held: set[int], size: int) -> None:
        if held:
            letters = "".join(_LETTERS[size][i] for i in sorted(held))
            self._found[why].append(f"{name} {path.partition('_')[0]} {letters}")


def _locked(owner: bpy.types.PoseBone | bpy.types.Object, path: str) -> set[int]:
    """Indices of the channels of ``path`` ("location", "rotation_euler" ...) that are locked."""
    if path == "location":
        return {i for i in range(3) if owner.lock_location[i]}
    if path == "rotation_euler":
        return {i for i in range(3) if owner.lock_rotation[i]}
    if all(owner.lock_rotation):
        return {0, 1, 2, 3}  # with three of them held the fourth alone would make another rotation of it
    if not owner.lock_rotations_4d:
        return set()
    return {i for i, lock in enumerate((owner.lock_rotation_w, *owner.lock_rotation)) if lock}
