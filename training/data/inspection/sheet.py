"""The contact sheet: a row for every clip, eight of its poses side by side on one strip of ground and its path from
above."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from backend.motion.motion import Motion
from backend.motion.resample import sample

from ..clip import Clip
from .body import Body, body
from .camera import framing, looking
from .canvas import LARGER, canvas, enlarged, smooth
from .figure import draw_body
from .ground import draw_floor, draw_path
from .inks import FAINT, GRID, PAPER, PATH, TEXT
from .lettering import fitted, font, legend
from .stage import VIEW, staged

MOST = 60
"""clips on a sheet"""
POSES = 8
_DOT = 2.4  # pixels
_STRIP = (1120, 170)
_MAP = 150
_EDGE = 16
_HEAD, _WORDS, _TIMES = 48, 46, 18
_ROW = _WORDS + _STRIP[1] + _TIMES + 10
# nearly parallel, so that all figures of a strip are seen from the same side
_ANGLE = np.deg2rad(2.5)
_ELEVATION = np.deg2rad(14.0)


def sheet(title: str, clips: Sequence[Clip]) -> Image.Image:
    """The picture of at most ``MOST`` clips under a title."""
    if not 1 <= len(clips) <= MOST:
        raise ValueError(f"a contact sheet shows 1 to {MOST} clips, got {len(clips)}")
    width = _STRIP[0] + _MAP + 3 * _EDGE
    page = Image.new("RGB", (width, _HEAD + _ROW * len(clips)), PAPER)
    draw = ImageDraw.Draw(page)
    draw.text((_EDGE, 12), fitted(title, 18, width - 420), fill=TEXT, font=font(18))
    legend(draw, (width - 380, 15), 13)
    draw.text((width - 165, 15), "ground squares: 1 m", fill=FAINT, font=font(13))
    for k, clip in enumerate(clips):
        _row(page, _HEAD + k * _ROW, clip)
    return page


def _row(page: Image.Image, top: int, clip: Clip) -> None:
    draw = ImageDraw.Draw(page)
    draw.line((_EDGE, top, page.width - _EDGE, top), fill=GRID)
    motion = staged(clip, VIEW)
    chosen = frames(len(motion))
    seen, side = strip(body(sample(motion, chosen)))
    about = (
        f"{clip.source} · {clip.label or 'no label'} · {motion.seconds:.2f} s · {len(motion)} frames{_squares(side)}"
    )
    name = fitted(clip.id, 15, _STRIP[0] / 2)
    draw.text((_EDGE, top + 3), name, fill=TEXT, font=font(15))
    x = _EDGE + font(15).getlength(name) + 14
    draw.text((x, top + 5), fitted(about, 13, page.width - x - _EDGE), fill=FAINT, font=font(13))
    draw.text((_EDGE, top + 22), fitted(_caption(clip), 14, page.width - 2 * _EDGE), fill=TEXT, font=font(14))
    page.paste(seen, (_EDGE, top + _WORDS))
    below = top + _WORDS + _STRIP[1]
    for k, frame in enumerate(chosen):
        middle = _EDGE + (k + 0.5) * _STRIP[0] / POSES
        told = f"{frame}  ·  {float(frame / motion.fps):.2f} s"
        draw.text((middle, below + 3), told, fill=FAINT, font=font(11), anchor="ma")
    left = _STRIP[0] + 2 * _EDGE
    seen, told = path_map(motion, chosen)
    page.paste(seen, (left, below - _MAP))
    draw.text((left + _MAP / 2, below + 3), told, fill=FAINT, font=font(11), anchor="ma")


def _caption(clip: Clip) -> str:
    if not clip.captions:
        return "no caption"
    more = len(clip.captions) - 1
    return clip.captions[0].caption + (f"  (+ {more} more)" if more else "")


def frames(count: int) -> np.ndarray:
    """(8,) frames from the first to the last at even distances; of a shorter clip some come twice."""
    return np.rint(np.linspace(0, count - 1, POSES)).astype(int)


def strip(poses: Body) -> tuple[Image.Image, int]:
    """Poses side by side on a strip of ground, each at its own height over it; metres of a square's side."""
    axes = looking(0.0, _ELEVATION)
    left, right = poses.ends[..., 0].min(axis=(1, 2)), poses.ends[..., 0].max(axis=(1, 2))
    poses = poses.shifted(_ground(-(left + right) / 2, -poses.root[:, 2]))
    upwards = poses.ends @ axes[1]
    # as far apart as the widest pose needs, or as the strip is wide for its height
    high = float(np.ptp(np.append(upwards, 0.0))) + 0.2
    step = max(float((right - left).max()) + 0.2, high * _STRIP[0] / _STRIP[1] / POSES)
    poses = poses.shifted(_ground((np.arange(POSES) - (POSES - 1) / 2) * step, np.zeros(POSES)))
    half = POSES * step / 2
    corners = np.array([[x, y, 0.0] for x in (-half, half) for y in (0.0, float(poses.ends[..., 1].max()))])
    camera = enlarged(framing(np.concatenate([poses.ends.reshape(-1, 3), corners]), axes, _STRIP, _ANGLE))
    drawn = canvas(_STRIP)
    side = draw_floor(ImageDraw.Draw(drawn), camera, (-half - 1, -1), (half + 1, 1))
    for k in range(len(poses)):
        draw_body(drawn, camera, poses, k)
    return smooth(drawn), side


def _ground(x, z) -> np.ndarray:
    """(T, 3) offsets along the ground."""
    return np.stack([x, np.zeros(len(x)), z], axis=1)


def path_map(motion: Motion, chosen: np.ndarray) -> tuple[Image.Image, str]:
    """The path of the root from above, right and near as in the strip: a ring where it begins, a dot for every further
    chosen frame; and how long it is, in words."""
    ground = motion.root * (1.0, 0.0, 1.0)
    size = (_MAP, _MAP)
    camera = enlarged(framing(ground, looking(0.0, np.pi / 2), size, _ANGLE, margin=0.8))
    drawn = canvas(size)
    draw = ImageDraw.Draw(drawn)
    middle, half = (ground.min(axis=0) + ground.max(axis=0))[[0, 2]] / 2, np.ptp(ground, axis=0).max() / 2 + 1
    side = draw_floor(draw, camera, middle - half, middle + half)
    draw_path(draw, camera, motion.root)
    begin, *later = camera.project(ground[chosen])[0]
    for dot in later:
        draw.circle(dot.tolist(), _DOT * LARGER, fill=PATH)
    draw.circle(begin.tolist(), 1.7 * _DOT * LARGER, fill=PAPER, outline=PATH, width=2 * LARGER)
    length = float(np.linalg.norm(np.diff(ground, axis=0), axis=-1).sum())
    return smooth(drawn), f"path {length:.1f} m{_squares(side)}"


def _squares(side: int) -> str:
    """A note where squares are larger than the page's head says."""
    return f" · squares: {side} m" if side > 1 else ""
