"""Paper to draw on: everything is drawn some times as large as it is shown and averaged down, which smooths edges."""

from __future__ import annotations

from dataclasses import replace

from PIL import Image

from .camera import Camera
from .inks import PAPER

LARGER = 3
"""how many times as large; lines and dots that are given in pixels are multiplied by it"""


def canvas(size: tuple[int, int]) -> Image.Image:
    """White paper for a picture of ``size`` pixels."""
    return Image.new("RGB", (size[0] * LARGER, size[1] * LARGER), PAPER)


def enlarged(camera: Camera) -> Camera:
    """The camera of a canvas for that of its picture."""
    return replace(camera, focal=camera.focal * LARGER, centre=camera.centre * LARGER)


def smooth(drawn: Image.Image) -> Image.Image:
    """The picture of a canvas."""
    return drawn.reduce(LARGER)
