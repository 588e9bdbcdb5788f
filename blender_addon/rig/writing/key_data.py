"""All that the keys of a curve are, as arrays, so that they can be taken over into another curve as they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import bpy
import numpy as np

_SHAPE = {
    "interpolation": (1, np.int32), "easing": (1, np.int32), "back": (1, np.float32), "amplitude": (1, np.float32),
    "period": (1, np.float32),
}  # fmt: skip
"""what says how the curve goes on from a key"""
_DATA = _SHAPE | {
    "co": (2, np.float32), "type": (1, np.int32), "handle_left_type": (1, np.int32), "handle_right_type": (1, np.int32),
}  # fmt: skip
_HANDLES = {"handle_left": (2, np.float32), "handle_right": (2, np.float32)}
_ALL = _DATA | _HANDLES


@dataclass(frozen=True, eq=False)
class KeyData:
    """``values``: property of a key -> (N, numbers)."""

    values: dict[str, np.ndarray]

    @classmethod
    def of(cls, curve: bpy.types.FCurve) -> KeyData:
        """Samples ("Sound to Samples" makes them), which nothing can write, become keys with straight lines between."""
        samples = curve.sampled_points
        if samples:
            data = {name: np.zeros((len(samples), size), kind) for name, (size, kind) in _ALL.items()}
            samples.foreach_get("co", data["co"].ravel())
            data["handle_left"][:] = data["handle_right"][:] = data["co"]
            data["interpolation"][:] = enum_value("interpolation", "LINEAR")
            return cls(data)
        return cls({name: _get(curve.keyframe_points, name, *kind) for name, kind in _ALL.items()})

    @classmethod
    def joined(cls, parts: Iterable[KeyData]) -> KeyData:
        parts = list(parts)
        return cls({name: np.concatenate([p.values[name] for p in parts]) for name in _ALL})

    def __len__(self) -> int:
        return len(self.values["co"])

    def __getitem__(self, chosen: np.ndarray) -> KeyData:
        return KeyData({name: values[chosen] for name, values in self.values.items()})

    def go_on_like(self, other: KeyData) -> None:
        """The last key here goes on as the first one of ``other`` does."""
        for name in _SHAPE:
            self.values[name][-1] = other.values[name][0]

    def put(self, curve: bpy.types.FCurve, exact: np.ndarray) -> None:
        """Make them the keys of a curve that has no more than these. Handles of those that are ``exact`` (N,) stay to
        the bit; the others are Blender's, which would change all automatic ones with their new neighbours. It does so
        at every setting of the curve too: this comes last."""
        points = curve.keyframe_points
        points.add(len(self) - len(points))
        for name in _DATA:
            points.foreach_set(name, self.values[name].ravel())
        curve.update()
        for name, kind in _HANDLES.items():
            handles = np.where(exact[:, None], self.values[name], _get(points, name, *kind))
            points.foreach_set(name, handles.ravel())


def enum_value(prop: str, identifier: str) -> int:
    """What stands for it in the arrays: only RNA knows the numbers behind an enum."""
    return bpy.types.Keyframe.bl_rna.properties[prop].enum_items[identifier].value


def _get(points, name: str, size: int, kind: type) -> np.ndarray:
    values = np.empty((len(points), size), kind)
    points.foreach_get(name, values.ravel())
    return values
