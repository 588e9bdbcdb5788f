"""The rows as Markdown tables, printed or put into a page between its marks."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from .evaluating import Evaluated
from .rebinding import Rebound
from .rows import Controlled, Mapped, Moved

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
Cells = dict[str, list[Sequence[str]]]
"""table -> rows of cells"""

_EXACT = 0.2, 0.1
"""mm and degrees that an exact rig may be off"""
_SHARED, _MIDDLE = 0.5, 3.0
"""degrees where a chain is divided otherwise: the rest of the body, and the middle of the spine"""
_LIMBS, _TWIST, _FEET, _SECONDS, _CONTROL_SECONDS = 0.5, 5.0, 10.0, 0.25, 1.0
_DEFORMING, _REACHED = 1.0, 5.0
_JOINTS, _VERTICES = 1.0, 5.0
_FITTED_SECONDS, _SLICE = 5.0, 30.0
_TABLES: dict[str, tuple[Sequence[str], Sequence[str]]] = {
    "maps": (("rig", "bones", "slots right", "wrong", "of it sure", "absent, not said"), ()),
    "motions": (
        ("limbs not corrected", "joints, mm", "turns, °", "mid-spine, °", "neck, °", "limbs, °", "twist, °",
         "read back, mm", "read back, °"),
        ("*wanted*", f"{_EXACT[0]}", f"{_EXACT[1]} ({_SHARED})", f"{_EXACT[1]} ({_MIDDLE:g})", f"{_EXACT[1]} (-)",
         f"{_LIMBS}", f"{_TWIST:g}", f"{_EXACT[0]}", f"{_EXACT[1]} ({_SHARED})"),
    ),
    "feet": (
        ("limbs corrected", "standing feet, mm", "by ankle and toes each, mm", "hands, mm"),
        ("*wanted*", f"{_FEET:g}", "", ""),
    ),
    "controls": (
        ("control rig, keyed as", "limbs' deforming bones, °", "torso's and neck's, °", "hands and feet, mm"),
        ("*wanted*", f"{_DEFORMING:g}", f"{_MIDDLE:g}", f"{_REACHED:g} in IK"),
    ),
    "ways": (
        ("the same mesh", "joints, mm", "vertices, mm", "vertices, blended weights, mm"),
        ("*wanted*", f"{_JOINTS:g}", f"{_VERTICES:g}", ""),
    ),
    "evaluated": (
        ("generic control rig, 300 frames", "controls fitted", "s of a core", "longest slice, ms"),
        ("*wanted*", "", f"{_FITTED_SECONDS:g}", f"{_SLICE:g}"),
    ),
    "seconds": (
        ("300 frames", "channels", "solved and written, s of a core", "`keyframe_insert` alone, s"),
        ("*wanted*", "", f"{_SECONDS} (control rig {_CONTROL_SECONDS:g})", ""),
    ),
}  # fmt: skip
"""table -> its heads, and what is wanted"""


def cells(
    mapped: Mapped,
    moved: Moved | None,
    controls: Sequence[Controlled],
    fitted: Sequence[Evaluated],
    ways: Sequence[Rebound],
) -> Cells:
    """All rows of one rig."""
    found: Cells = {
        "maps": [_map_row(mapped)],
        "controls": [_control_row(row) for row in controls],
        "evaluated": [_fitted_row(row) for row in fitted],
        "ways": [
            (w.what, _limited(w.joints, _JOINTS, 3), _limited(w.vertices, _VERTICES), f"{w.blended:.1f}") for w in ways
        ],
    }
    if moved is not None:
        found |= {"motions": [_motion_row(moved)], "feet": [_feet_row(moved)]}
        found["seconds"] = [_seconds_row(moved, _CONTROL_SECONDS if controls else _SECONDS)]
    return found


def report(heading: str, rigs: Iterable[Mapping[str, Sequence[Sequence[str]]]]) -> str:
    """All tables; ``heading`` says on what they were made. ``rigs``: the ``cells`` of each."""
    rigs = list(rigs)
    tables = ((table, [row for rig in rigs for row in rig.get(table, ())]) for table in _TABLES)
    return "\n\n".join([heading, *(_table(*_TABLES[table], rows) for table, rows in tables if rows)])


def kept(file: Path) -> dict[str, dict]:
    """What ``keep`` has written there so far: rig -> whatever was kept of it."""
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def keep(file: Path, rigs: Mapping[str, dict]) -> None:
    _replace(file, json.dumps(rigs, indent=1) + "\n")


def put(text: str, page: Path) -> None:
    """Replace what stands between the marks of ``page``. ValueError when it has none."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{page} has no place for the tables: it needs the lines {BEGIN} and {END}")
    _replace(page, f"{before}{BEGIN}\n{text}\n{END}{after}")


def _replace(file: Path, text: str) -> None:
    unfinished = file.with_name(file.name + ".part")
    unfinished.write_text(text, encoding="utf-8")
    os.replace(unfinished, file)


def _map_row(row: Mapped) -> Sequence[str]:
    if row.score is None:
        return (row.rig, str(row.bones), "**refused**", row.refused, "", "")
    s = row.score
    name = row.rig if row.tested else f"{row.rig} (untested scheme)"
    right = f"{s.right} of {s.there}"
    wrong = "; ".join(s.wrong) or "none"
    sure = f"**{s.sure}**" if s.sure else "0"
    return (name, str(row.bones), right if s.right == s.there else f"**{right}**", wrong, sure, _said(s.unsaid))


def _said(slots: Sequence[str]) -> str:
    return f"**{', '.join(slots)}**" if slots else "none"


def _motion_row(row: Moved) -> Sequence[str]:
    far, turned = row.read
    shared = _SHARED if row.divided else _EXACT[1]
    return (
        row.rig,
        f"{row.joints:.1f} (divided)" if row.divided else _limited(row.joints, _EXACT[0], 3),
        _limited(row.turns, shared),
        _limited(row.middle, _MIDDLE if row.divided else _EXACT[1]),
        f"{row.neck:.2f}" if row.divided else _limited(row.neck, _EXACT[1]),
        _limited(row.limbs, _LIMBS),
        _limited(row.twist, _TWIST),
        _limited(far, _EXACT[0], 3),
        _limited(turned, shared),
    )


def _feet_row(row: Moved) -> Sequence[str]:
    return (row.rig, _limited(row.standing, _FEET, 1), f"{row.each:.1f}", f"{row.hands:.1f}")


def _control_row(row: Controlled) -> Sequence[str]:
    far = _limited(row.reached, _REACHED) if row.mode == "IK" else f"{row.reached:.2f}"
    points = _limited(row.deforming, _DEFORMING), _limited(row.torso, _MIDDLE)
    return (f"{row.rig}, {row.mode}", *points, far)


def _seconds_row(row: Moved, most: float) -> Sequence[str]:
    time = row.time
    return (row.rig, str(time.channels), _limited(time.whole, most), f"{time.baseline:.2f}")


def _fitted_row(row: Evaluated) -> Sequence[str]:
    seconds, slice_ms = _limited(row.seconds, _FITTED_SECONDS), _limited(1000.0 * row.longest, _SLICE, 0)
    return (f"{row.rig}, {row.mode}", str(row.controls), seconds, slice_ms)


def _limited(value: float, most: float, digits: int = 2) -> str:
    """Bold where what is shown is more than is wanted."""
    shown = f"{value:.{digits}f}"
    return f"**{shown}**" if float(shown) > most else shown


def _table(heads: Sequence[str], wanted: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *([wanted] if wanted else []), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
