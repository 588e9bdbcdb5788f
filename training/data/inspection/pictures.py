"""The contact sheet and the film of a data set's clips as files in a folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ..clip import Clip
from . import film, moving_picture, sheet


def check(count: int, kind: str) -> None:
    """ValueError for more clips than fit on a sheet, ImportError where a film of this ``kind`` cannot be written: asked
    before anything that takes long."""
    if count > sheet.MOST:
        raise ValueError(
            f"a contact sheet shows at most {sheet.MOST} clips, got {count}: give fewer --clips or --count"
        )
    moving_picture.check(Path(f"film.{kind}"))


def draw(name: str, total: int, clips: Sequence[Clip], in_film: Sequence[Clip], folder: Path, kind: str) -> list[str]:
    """Write ``sheet.png`` of the clips of the set ``name``, which has ``total``, and ``film.gif`` or ``.mp4`` of
    ``in_film``, as many as fit; a line for each."""
    folder.mkdir(parents=True, exist_ok=True)
    page, moving = folder / "sheet.png", folder / f"film.{kind}"
    unfinished = page.with_name(page.name + ".part")
    try:
        sheet.sheet(_title(name, len(clips), total), clips).save(unfinished, "PNG")
        os.replace(unfinished, page)
    finally:
        unfinished.unlink(missing_ok=True)
    shown = in_film[: film.MOST]
    made = film.film(_title(name, len(shown), total), shown, moving_picture.SECONDS[moving.suffix])
    moving_picture.write(moving, made)
    return [
        f"wrote {page} (clips: {len(clips)})",
        f"wrote {moving} (clips: {len(shown)}, {float(made.count / made.fps):.1f} s)",
    ]


def _title(name: str, count: int, total: int) -> str:
    return f"{name}: {count:,} of {total:,} clips"
