"""The floor under the figures: squares of whole metres, the root's path, and where feet are down."""

from __future__ import annotations

import numpy as np
from PIL.ImageDraw import ImageDraw

from .camera import Camera
from .canvas import LARGER
from .inks import CONTACT, FLOOR, GRID, PATH, SHADOW

_MOST_SQUARES = 40
_ROUND = np.linspace(0, 2 * np.pi, 20, endpoint=False)
_CIRCLE = np.stack([np.cos(_ROUND), 0 * _ROUND, np.sin(_ROUND)], axis=1)
_FOOT_DOWN = 0.11  # metres
_SHADOW = 0.2


def square_size(extent: float) -> int:
    """Metres of a square's side: 1, or the power of ten that keeps a floor of ``extent`` metres at few squares."""
    size = 1
    while extent / size > _MOST_SQUARES:
        size *= 10
    return size


def draw_floor(draw: ImageDraw, camera: Camera, low, high) -> int:
    """Squares that cover the ground from ``low`` to ``high`` (x, z), metres; their side in metres is returned."""
    low, high = np.asarray(low, float), np.asarray(high, float)
    size = square_size(float(np.max(high - low)))
    low, high = np.floor(low / size).astype(int), np.ceil(high / size).astype(int)
    corners = [(low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1])]
    edges = [camera.line(_at(size, *a), _at(size, *b)) for a, b in zip(corners, corners[1:] + corners[:1])]
    outline = [tuple(p) for edge in edges if edge is not None for p in edge]
    if len(outline) > 2:
        draw.polygon(outline, fill=FLOOR)
    across = [((x, low[1]), (x, high[1])) for x in range(low[0], high[0] + 1)]
    along = [((low[0], z), (high[0], z)) for z in range(low[1], high[1] + 1)]
    for a, b in across + along:
        seen = camera.line(_at(size, *a), _at(size, *b))
        if seen is not None:
            draw.line([tuple(p) for p in seen], fill=GRID, width=LARGER)
    return size


def _at(size: int, x: int, z: int) -> tuple[float, float, float]:
    return (float(x * size), 0.0, float(z * size))


def draw_path(draw: ImageDraw, camera: Camera, root: np.ndarray) -> None:
    """Where the root (T, 3) was over the ground, a ring where it began."""
    points, _ = camera.project(root * (1.0, 0.0, 1.0))
    draw.line([tuple(p) for p in points], fill=PATH, width=2 * LARGER, joint="curve")
    _disc(draw, camera, root[0], 0.06, outline=PATH, width=2 * LARGER)


def draw_shadow(draw: ImageDraw, camera: Camera, root: np.ndarray) -> None:
    """A spot under the root (3,): how far a body is off the ground is seen by it."""
    _disc(draw, camera, root, _SHADOW, fill=SHADOW)


def draw_contacts(draw: ImageDraw, camera: Camera, feet: np.ndarray, contacts: np.ndarray) -> None:
    """Discs on the ground under those of ``feet`` (4, 3) that ``contacts`` (4,) says are down."""
    for foot in feet[contacts]:
        _disc(draw, camera, foot, _FOOT_DOWN, fill=CONTACT)


def _disc(draw: ImageDraw, camera: Camera, over: np.ndarray, radius: float, **ink) -> None:
    points, depth = camera.project(over * (1.0, 0.0, 1.0) + radius * _CIRCLE)
    if (depth > 0).all():
        draw.polygon([tuple(p) for p in points], **ink)
