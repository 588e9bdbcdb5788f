"""The film: clips that play side by side, each in a panel whose camera stands still and sees all of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, isqrt

import numpy as np
from PIL import Image, ImageDraw

from backend.motion.resample import sample

from ..caption_lines import CaptionLine
from ..clip import Clip
from .body import Body, body
from .camera import Camera, framing, looking
from .canvas import canvas, enlarged, smooth
from .figure import draw_body
from .ground import draw_floor, draw_path
from .inks import FAINT, GRID, PAPER, TEXT
from .lettering import fitted, font, legend, paragraph
from .stage import VIEW, staged

MOST = 9
"""clips in a film"""
_FASTEST = 20
"""frames a second: motions of more are shown by every second, third ... frame"""
_ANGLE = np.deg2rad(28.0)
_ELEVATION = np.deg2rad(18.0)
_HEAD, _WORDS = 34, 66
# panels in a row: width and height of each; all even, as H.264 wants it
_PANELS = {1: (640, 440), 2: (440, 330), 3: (340, 270)}


@dataclass(frozen=True)
class Film:
    """``count`` pictures, ``fps`` a second, RGB of one ``size``, both of its numbers even; drawn while asked for."""

    fps: Fraction
    count: int
    size: tuple[int, int]
    pictures: Iterator[Image.Image]


def film(title: str, clips: Sequence[Clip], most_seconds: int) -> Film:
    """The clips from their beginning for at most ``most_seconds``; one that ends earlier holds its last pose."""
    if not 1 <= len(clips) <= MOST:
        raise ValueError(f"a film shows 1 to {MOST} clips, got {len(clips)}")
    rate = clips[0].motion.fps
    fps = rate / ceil(rate / _FASTEST)
    count = max(1, ceil(min(most_seconds, max(len(c.motion) / c.motion.fps for c in clips)) * fps))
    across = 1 + isqrt(len(clips) - 1)
    width, height = _PANELS[across]
    panels = [_panel(clip, (width, height), [int(k / fps * clip.motion.fps) for k in range(count)]) for clip in clips]
    page = Image.new("RGB", (across * width, _HEAD + -(-len(panels) // across) * (height + _WORDS)), PAPER)
    draw = ImageDraw.Draw(page)
    draw.text((10, 8), fitted(title, 15, page.width - 280), fill=TEXT, font=font(15))
    legend(draw, (page.width - 250, 10), 13)
    places = [(k % across * width, _HEAD + k // across * (height + _WORDS)) for k in range(len(panels))]
    return Film(fps, count, page.size, _pictures(page, list(zip(panels, places)), count))


def _pictures(page: Image.Image, placed: Sequence[tuple[_Panel, tuple[int, int]]], count: int) -> Iterator[Image.Image]:
    for k in range(count):
        for panel, place in placed:
            # a clip that is over stays as it is
            if k < len(panel.frames):
                panel.put(page, place, k)
        yield page.copy()


@dataclass(frozen=True, eq=False)
class _Panel:
    """A clip before its camera: ``frames`` are those of the clip that are shown, ``ground`` what never moves."""

    clip: Clip
    frames: list[int]
    shape: Body
    camera: Camera
    ground: Image.Image
    squares: int

    def put(self, page: Image.Image, at: tuple[int, int], k: int) -> None:
        """Draw its ``k``-th picture and the words under it, the left upper corner at ``at``."""
        drawn = self.ground.copy()
        draw_body(drawn, self.camera, self.shape, k)
        picture = smooth(drawn)
        page.paste(picture, at)
        left, top, right = at[0] + 10, at[1] + picture.height, at[0] + picture.width - 10
        draw = ImageDraw.Draw(page)
        draw.rectangle((at[0], top, at[0] + picture.width - 1, top + _WORDS - 1), fill=PAPER)
        draw.line((left, top, right, top), fill=GRID)
        frame, motion = self.frames[k], self.clip.motion
        told = f"{frame} / {len(motion)}  ·  {float(frame / motion.fps):.2f} s"
        if self.squares > 1:
            told = f"squares {self.squares} m  ·  {told}"
        draw.text((right, top + 5), told, fill=FAINT, font=font(12), anchor="ra")
        draw.text((left, top + 4), fitted(self.clip.id, 14, (right - left) / 2), fill=TEXT, font=font(14))
        page.paste(paragraph(_caption(self.clip, frame), 13, right - left, 2), (left, top + 24))


def _panel(clip: Clip, size: tuple[int, int], times: list[int]) -> _Panel:
    frames = [t for t in times if t < len(clip.motion)]
    # heading straight ahead along the squares
    motion = sample(staged(clip, 0.0), frames)
    shape = body(motion)
    on_ground = motion.root * (1.0, 0.0, 1.0)
    seen = np.concatenate([shape.ends.reshape(-1, 3), on_ground])
    camera = enlarged(framing(seen, looking(-VIEW, _ELEVATION), size, _ANGLE, margin=0.15))
    ground = canvas(size)
    draw = ImageDraw.Draw(ground)
    squares = draw_floor(draw, camera, seen.min(axis=0)[[0, 2]] - 0.5, seen.max(axis=0)[[0, 2]] + 0.5)
    draw_path(draw, camera, motion.root)
    return _Panel(clip, frames, shape, camera, ground, squares)


def _caption(clip: Clip, frame: int) -> str:
    """What is said about this frame: a caption of a span that it lies in before one of the whole clip."""
    about = [c for c in clip.captions if _holds(c, frame, clip)]
    about.sort(key=lambda c: c.start is None)
    return about[0].caption if about else ""


def _holds(caption: CaptionLine, frame: int, clip: Clip) -> bool:
    return caption.start is None or caption.start <= frame / clip.motion.fps < caption.end
