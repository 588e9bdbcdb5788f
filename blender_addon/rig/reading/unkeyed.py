"""Poses without keys, kept over what would evaluate them away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import bpy
import numpy as np

_CHANNELS = {"location": 3, "rotation_quaternion": 4, "rotation_euler": 3, "rotation_axis_angle": 4, "scale": 3}


@contextmanager
def kept(scene: bpy.types.Scene) -> Iterator[None]:
    """Objects and pose bones of ``scene`` that are animated stand afterwards as they did before, keyed or not: a window
    that comes back to a scene has its animation evaluated anew."""
    before = [_Stand.of(thing) for thing in scene.objects if thing.animation_data is not None]
    try:
        yield
    finally:
        for view_layer in scene.view_layers:
            view_layer.update()
        for stand in before:
            stand.restore()


@dataclass(frozen=True, eq=False)
class _Stand:
    """What an object and its pose bones hold; ``switches``: bone, custom property, its value."""

    thing: bpy.types.Object
    own: dict[str, tuple[float, ...]]
    bones: dict[str, np.ndarray]
    switches: list[tuple[bpy.types.PoseBone, str, float]]

    @classmethod
    def of(cls, thing: bpy.types.Object) -> _Stand:
        own = {name: tuple(getattr(thing, name)) for name in _CHANNELS}
        if thing.pose is None:
            return cls(thing, own, {}, [])
        bones = {name: np.empty(size * len(thing.pose.bones), np.float32) for name, size in _CHANNELS.items()}
        for name, values in bones.items():
            thing.pose.bones.foreach_get(name, values)
        numbers = [(b, name, v) for b in thing.pose.bones for name, v in b.items() if isinstance(v, (bool, int, float))]
        return cls(thing, own, bones, numbers)

    def restore(self) -> None:
        for name, values in self.own.items():
            setattr(self.thing, name, values)
        for name, values in self.bones.items():
            self.thing.pose.bones.foreach_set(name, values)
        for bone, name, value in self.switches:
            bone[name] = value
        self.thing.update_tag()
