"""A scene of its own, in which things are played: the animator's playhead and unkeyed poses stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from math import floor

import bpy

from ..refusal import Refusal


@contextmanager
def stage(*things: bpy.types.Object) -> Iterator[bpy.types.Scene]:
    """A scene that holds ``things``, as long as it is needed. Blender writes back only what the scene in the window
    evaluates, so nothing that is played here changes the originals."""
    scene = bpy.data.scenes.new("Posewright Stage")
    try:
        for thing in things:
            scene.collection.objects.link(thing)
        yield scene
    finally:
        bpy.data.scenes.remove(scene)


def played(
    scene: bpy.types.Scene, thing: bpy.types.Object, frames: Sequence[float], look: Callable
) -> Generator[float, None, list]:
    """What ``look`` finds at the evaluated ``thing`` on each of the ``frames``; yields the share that is done."""
    found = []
    for k, frame in enumerate(frames, start=1):
        whole = floor(frame)
        scene.frame_set(whole, subframe=frame - whole)
        found.append(look(evaluated(thing, scene.view_layers[0].depsgraph)))
        yield k / len(frames)
    return found


def evaluated(thing: bpy.types.Object, depsgraph: bpy.types.Depsgraph) -> bpy.types.Object:
    """``thing`` as Blender has posed it; Refusal when it has not."""
    posed = thing.evaluated_get(depsgraph)
    if not posed.is_evaluated:
        raise Refusal(
            f"'{thing.name}' is disabled in viewports, so Blender does not pose it. "
            "Click the monitor icon beside it in the Outliner."
        )
    return posed
