"""Pictures into a GIF (Pillow) or an MP4 (PyAV: H.264, what every browser and editor plays)."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from types import ModuleType

from PIL import Image

from .film import Film
from .inks import palette
from .packages import AV, package

SECONDS = {".gif": 12, ".mp4": 60}
"""suffix: the longest film, a GIF of more being too large to send to anybody"""


def check(path: Path) -> None:
    """ValueError for a suffix that is no film's, ImportError where what writes it is not installed."""
    if path.suffix not in SECONDS:
        raise ValueError(f"{path}: a film is {' or '.join(SECONDS)}, got {path.suffix!r}")
    if path.suffix == ".mp4":
        _av()


def write(path: Path, film: Film) -> None:
    """Draw all of a film into ``path``, which says by its suffix as what; another name is used until it is whole."""
    check(path)
    unfinished = path.with_name(path.name + ".part")
    try:
        (_gif if path.suffix == ".gif" else _mp4)(unfinished, film)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _gif(path: Path, film: Film) -> None:
    inks = Image.new("P", (1, 1))
    inks.putpalette([channel for ink in palette() for channel in ink])
    pictures = (picture.quantize(palette=inks, dither=Image.Dither.NONE) for picture in film.pictures)
    shown = durations(film.fps, film.count)
    next(pictures).save(path, "GIF", save_all=True, append_images=pictures, duration=shown, loop=0, optimize=True)


def durations(fps: Fraction, count: int) -> list[int]:
    """Milliseconds that each picture of a GIF stays: it knows hundredths of a second only, so that of 15 pictures a
    second some stay 60 and some 70 ms, together as long as they should."""
    ends = [round(k * 100 / fps) for k in range(count + 1)]
    return [10 * (b - a) for a, b in zip(ends, ends[1:])]


def _mp4(path: Path, film: Film) -> None:
    av = _av()
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=film.fps, options={"crf": "20"})
        stream.width, stream.height = film.size
        stream.pix_fmt = "yuv420p"
        for picture in film.pictures:
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode())


def _av() -> ModuleType:
    return package("av", AV, "an MP4 (a GIF needs nothing more)")
