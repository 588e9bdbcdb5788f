"""What an action of ours held when it was written: what differs from that is the animator's.

A key's type does not tell it alone, because Blender leaves it GENERATED when somebody keys over it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping

import bpy
import numpy as np

from .key_data import enum_value

_NOTE = "posewright_written"
_MOST = 2**28  # bytes of keys: 4,000 curves of 8,000 frames


Span = tuple[int, int]
"""first and last frame"""
NO_KEYS = np.empty((0, 2), np.float32)


def note(action: bpy.types.Action, curves: Mapping[tuple[str, int], np.ndarray], takes: Iterable[Span]) -> None:
    """Keep in ``action`` what was written into it: data path and index -> keys (N, 2), frame and value; and where each
    of the ``takes`` lies that it holds."""
    if curves:
        keys = np.concatenate(list(curves.values())).astype("<f4").tobytes()
        index = json.dumps([[path, i, len(keys)] for (path, i), keys in curves.items()])
        action[_NOTE] = {"curves": index, "keys": zlib.compress(keys, 1), "takes": json.dumps(list(takes))}


class Written:
    """The note of an action. In one without a note, or with one that somebody broke, the keys' type decides alone."""

    def __init__(self, action: bpy.types.Action):
        self._keys, self.takes = _read(action)

    def by_hand(self, curve: bpy.types.FCurve) -> np.ndarray:
        """(N,) which of the curve's keys the animator made or changed."""
        keys, kinds = keys_of(curve), np.empty(len(curve.keyframe_points), np.int32)
        curve.keyframe_points.foreach_get("type", kinds)
        ours = kinds == enum_value("type", "GENERATED")
        if self._keys is not None:
            ours &= within(keys, self._keys.get((curve.data_path, curve.array_index), NO_KEYS))
        return ~ours


def keys_of(curve: bpy.types.FCurve) -> np.ndarray:
    """(N, 2) frames and values of the curve's keys."""
    keys = np.empty((len(curve.keyframe_points), 2), np.float32)
    curve.keyframe_points.foreach_get("co", keys.ravel())
    return keys


def within(keys: np.ndarray, written: np.ndarray) -> np.ndarray:
    """(N,) which ``keys`` (N, 2) are among ``written`` (M, 2), both in the order of their frames."""
    if not len(written):
        return np.zeros(len(keys), bool)
    nearest = np.minimum(np.searchsorted(written[:, 0], keys[:, 0]), len(written) - 1)
    return (written[nearest] == keys).all(axis=1)


def _read(action: bpy.types.Action) -> tuple[dict[tuple[str, int], np.ndarray] | None, list[Span]]:
    saved = action.get(_NOTE)
    try:
        index, opened = json.loads(saved["curves"]), zlib.decompressobj()
        keys = np.frombuffer(opened.decompress(bytes(saved["keys"]), _MOST), "<f4").reshape(-1, 2)
        ends = np.cumsum([count for _, _, count in index])
        if not len(ends) or ends[-1] != len(keys):
            raise ValueError("another number of keys than announced")
        takes = [(int(first), int(last)) for first, last in json.loads(saved["takes"])]
        return {(path, i): part for (path, i, _), part in zip(index, np.split(keys, ends[:-1]))}, takes
    except (TypeError, KeyError, ValueError, zlib.error):
        return None, []
