"""A rendering as a PNG of few greys: a sheet of grey figures needs no more, and an eighth of the bytes."""

from __future__ import annotations

import os
import struct
import tempfile
import zlib
from pathlib import Path

import bpy
import numpy as np

GREYS = 24


def render(scene: bpy.types.Scene, path: Path) -> None:
    """Render the scene's camera into ``path``."""
    with tempfile.TemporaryDirectory() as folder:
        scene.render.image_settings.file_format, scene.render.image_settings.color_mode = "PNG", "BW"
        scene.render.filepath = os.path.join(folder, "sheet.png")
        bpy.ops.render.render(write_still=True)
        image = bpy.data.images.load(scene.render.filepath)
        image.colorspace_settings.name = "Non-Color"
        flat = np.empty(len(image.pixels), np.float32)
        image.pixels.foreach_get(flat)
        pixels = flat.reshape(image.size[1], image.size[0], -1)[::-1, :, 0]
        bpy.data.images.remove(image)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(encoded(pixels))
    os.replace(unfinished, path)


def encoded(pixels: np.ndarray) -> bytes:
    """``pixels`` (height, width) from 0 to 1 as a grey PNG of ``GREYS`` steps."""
    height, width = pixels.shape
    steps = np.rint(pixels * (GREYS - 1)) * (255 / (GREYS - 1))
    rows = np.pad(np.rint(steps).astype(np.uint8), ((0, 0), (1, 0))).tobytes()  # each begins with its filter, none
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
