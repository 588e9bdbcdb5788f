"""Draws a body: its parts from the farthest to the nearest, each with a light rim so that crossing limbs stay apart."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from .body import Body
from .camera import Camera
from .ground import draw_contacts, draw_shadow
from .inks import PAPER, SIDES

_RIM = 0.012  # metres


def draw_body(drawn: Image.Image, camera: Camera, body: Body, frame: int) -> None:
    """One frame of a body with its shadow and the marks of feet that are down; ``camera`` is the canvas's."""
    draw = ImageDraw.Draw(drawn)
    draw_shadow(draw, camera, body.root[frame])
    draw_contacts(draw, camera, body.feet[frame], body.contacts[frame])
    pixels, depth = camera.project(body.ends[frame])
    scale = camera.focal / depth
    of_part = [np.flatnonzero(body.parts == part) for part in range(body.parts.max() + 1)]
    for part in sorted(of_part, key=lambda part: -depth[part].mean()):
        for c in part:
            _capsule(draw, pixels[c], (body.radii[c] + _RIM) * scale[c], PAPER)
        for c in part:
            _capsule(draw, pixels[c], body.radii[c] * scale[c], SIDES[int(body.sides[c])])


def _capsule(draw: ImageDraw.ImageDraw, ends: np.ndarray, radii: np.ndarray, ink) -> None:
    """Two discs and what lies between them; ``ends`` (2, 2) and ``radii`` (2,) in pixels."""
    (ax, ay), (bx, by) = ends.tolist()
    ra, rb = radii.tolist()
    draw.ellipse((ax - ra, ay - ra, ax + ra, ay + ra), fill=ink)
    draw.ellipse((bx - rb, by - rb, bx + rb, by + rb), fill=ink)
    length = float(np.hypot(bx - ax, by - ay))
    if length > 0:
        nx, ny = (by - ay) / length, (ax - bx) / length
        draw.polygon(
            [(ax + nx * ra, ay + ny * ra), (bx + nx * rb, by + ny * rb),
             (bx - nx * rb, by - ny * rb), (ax - nx * ra, ay - ny * ra)], fill=ink
        )  # fmt: skip
