"""Acclaim ASF (skeleton) and AMC (motion), as CMU publishes them.

A bone turns about its base in its own axes ``C``: in world-aligned rest axes the turn is ``C * R * C**-1``. Angles are
about fixed axes in the order listed (dof rx ry rz: R = Rz * Ry * Rx).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .. import rotations as rot
from ..motion import Motion
from ..skeleton import Skeleton
from .text import LIMITS, FormatError, Limits, line_of, lines_from, number, numbers, pieces, read_text


class AsfAmcError(FormatError):
    """An ASF or AMC file that cannot be read."""


@dataclass(frozen=True, eq=False)
class AsfSkeleton:
    """``skeleton``: one joint per bone at the bone's base, "root" first, metres. ``ends`` (J, 3): from a joint to its
    bone's other end. ``axes`` (J, 4): each bone's own axes. ``dofs``: per joint the channels in file order ("rx", "tx",
    "l"), the root's first. ``metres``: metres per unit of length."""

    skeleton: Skeleton
    ends: np.ndarray
    axes: np.ndarray
    dofs: tuple[tuple[str, ...], ...]
    metres: float
    degrees: bool


@dataclass(eq=False)
class _Bone:
    name: str
    line: int
    direction: tuple[float, ...] = (0.0, 0.0, 0.0)
    length: float = 0.0
    axis: tuple[float, ...] = (0.0, 0.0, 0.0)
    order: str = "XYZ"
    dof: tuple[str, ...] = ()


@dataclass(eq=False)
class _Asf:
    length: float = 1.0
    degrees: bool = True
    root: _Bone = field(default_factory=lambda: _Bone("root", 1))
    bones: dict[str, _Bone] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)


_LARGEST = 1e9
_CHANNELS = ("rx", "ry", "rz", "tx", "ty", "tz", "l")


def fixed_axes(angles, order: str) -> np.ndarray:
    """Quaternion (..., 4) of ``angles`` (..., n) about fixed axes, the first letter of ``order`` first."""
    return rot.from_euler(np.asarray(angles)[..., ::-1], order[::-1])


def read_asf(path, limits: Limits = LIMITS) -> AsfSkeleton:
    """Skeleton of an ASF file. Raises AsfAmcError with file and line."""
    asf = _parse_asf(path, read_text(path, AsfAmcError, limits.skeleton_bytes), limits)
    names = _ordered(path, asf, limits)
    bones = [asf.root] + [asf.bones[n] for n in names[1:]]
    metres = 2.54 / (100.0 * asf.length)
    ends = np.array([np.array(b.direction) * b.length for b in bones]) * metres
    parents = tuple(-1 if i == 0 else names.index(asf.parents[n]) for i, n in enumerate(names))
    offsets = np.array([np.zeros(3) if p < 0 else ends[p] for p in parents])
    unit = np.pi / 180.0 if asf.degrees else 1.0
    axes = np.stack([fixed_axes(np.array(b.axis) * unit, b.order) for b in bones])
    if not np.isfinite(ends).all() or np.abs(ends).max() > 1e6:
        raise AsfAmcError(path, None, "bone lengths are beyond any measure; check ':units length'")
    skeleton = Skeleton("other", tuple(names), parents, offsets)
    return AsfSkeleton(skeleton, ends, axes, tuple(b.dof for b in bones), metres, asf.degrees)


def _parse_asf(path, text: str, limits: Limits) -> _Asf:
    asf = _Asf()
    section = ""
    bone: _Bone | None = None
    for i, raw in enumerate(text.split("\n"), 1):
        words = raw.split("#")[0].split()
        if not words:
            continue
        key = words[0].lower()
        if key.startswith(":"):
            section = key[1:]
        elif section == "units":
            _units(path, i, asf, words)
        elif section == "root":
            _root(path, i, asf.root, words)
        elif section == "bonedata":
            if key == "begin":
                bone = _Bone("", i)
            elif bone is None:
                raise AsfAmcError(path, i, f"expected 'begin' of a bone, got {words[0][:40]!r}")
            elif key == "end":
                _keep(path, i, asf, bone, limits)
                bone = None
            else:
                _bone(path, i, bone, words)
        elif section == "hierarchy" and key not in ("begin", "end"):
            for child in words[1:]:
                if child in asf.parents or child not in asf.bones:
                    problem = "has two parents" if child in asf.parents else "is not in :bonedata"
                    raise AsfAmcError(path, i, f"bone {child[:40]!r} {problem}")
                asf.parents[child] = words[0]
    if bone is not None:
        raise AsfAmcError(path, bone.line, "this bone has no 'end'")
    if not asf.bones:
        raise AsfAmcError(path, None, "has no bones under :bonedata; is it an ASF file?")
    return asf


def _units(path, line, asf, words):
    if words[0].lower() == "length" and len(words) > 1:
        asf.length = number(words[1], path, line, AsfAmcError)
        if not 1e-6 <= asf.length <= 1e6:
            raise AsfAmcError(path, line, f"'length' must be a positive number, got {words[1][:40]!r}")
    elif words[0].lower() == "angle" and len(words) > 1:
        asf.degrees = words[1].lower().startswith("deg")


def _vector(path, line, words) -> tuple[float, ...]:
    if len(words) < 4:
        raise AsfAmcError(path, line, f"{words[0]!r} needs three numbers")
    return tuple(number(w, path, line, AsfAmcError) for w in words[1:4])


def _order(path, line, word) -> str:
    if sorted(word.upper()) != ["X", "Y", "Z"]:
        raise AsfAmcError(path, line, f"an axis order is one of XYZ, ZYX ..., got {word[:40]!r}")
    return word.upper()


def _dof(path, line, words) -> tuple[str, ...]:
    dof = tuple(w.lower() for w in words[1:])
    unknown = [d for d in dof if d not in _CHANNELS]
    if unknown or len(set(dof)) != len(dof):
        what = f"unknown degree of freedom {unknown[0][:40]!r}" if unknown else "a degree of freedom stands twice"
        raise AsfAmcError(path, line, f"{what}; known: {' '.join(_CHANNELS)}")
    return dof


def _root(path, line, root, words):
    key = words[0].lower()
    if key == "order":
        root.dof = _dof(path, line, words)
    elif key == "axis" and len(words) > 1:
        root.order = _order(path, line, words[1])
    elif key == "orientation":
        root.axis = _vector(path, line, words)


def _bone(path, line, bone, words):
    key = words[0].lower()
    if key == "name" and len(words) > 1:
        bone.name = words[1]
    elif key == "direction":
        bone.direction = _vector(path, line, words)
    elif key == "length" and len(words) > 1:
        bone.length = number(words[1], path, line, AsfAmcError)
    elif key == "axis":
        bone.axis = _vector(path, line, words)
        bone.order = _order(path, line, words[4]) if len(words) > 4 else "XYZ"
    elif key == "dof":
        bone.dof = _dof(path, line, words)


def _keep(path, line, asf, bone, limits):
    if not bone.name or bone.name == "root" or bone.name in asf.bones:
        raise AsfAmcError(path, line, f"a bone needs a name of its own, got {bone.name[:40]!r}")
    if len(asf.bones) + 2 > limits.joints:
        raise AsfAmcError(path, line, f"at most {limits.joints} bones are read")
    asf.bones[bone.name] = bone


def _ordered(path, asf, limits) -> list[str]:
    """Bone names, "root" first, every parent before its children."""
    children: dict[str, list[str]] = {}
    for child, parent in asf.parents.items():
        children.setdefault(parent, []).append(child)
    names, stack = [], [("root", 1)]
    while stack:
        name, depth = stack.pop()
        if depth > limits.depth:
            raise AsfAmcError(path, None, f"the hierarchy is deeper than {limits.depth} bones")
        names.append(name)
        stack.extend((c, depth + 1) for c in reversed(children.get(name, [])))
    lost = sorted(set(asf.bones) - set(names))
    if lost:
        raise AsfAmcError(path, asf.bones[lost[0]].line, f"bone {lost[0][:40]!r} does not hang from root in :hierarchy")
    return names


def read(asf_path, amc_path, fps=120, limits: Limits = LIMITS) -> Motion:
    """Motion of an AMC file on its ASF skeleton; AMC files do not say their ``fps``. Raises AsfAmcError."""
    asf = read_asf(asf_path, limits)
    channels, degrees = _read_amc(amc_path, asf, limits)
    frames = len(channels[0])
    unit = np.pi / 180.0 if degrees else 1.0
    rotations = np.tile(rot.IDENTITY, (frames, len(asf.skeleton), 1))
    root = np.zeros((frames, 3))
    for j, (dof, values) in enumerate(zip(asf.dofs, channels)):
        if values is None:
            continue
        turning = [i for i, d in enumerate(dof) if d[0] == "r"]
        if turning:
            turn = fixed_axes(values[:, turning] * unit, "".join(dof[i][1].upper() for i in turning))
            rotations[:, j] = rot.multiply(rot.multiply(asf.axes[j], turn), rot.inverse(asf.axes[j]))
        if j == 0:
            for i, d in enumerate(dof):
                if d[0] == "t":
                    root[:, "xyz".index(d[1])] = values[:, i] * asf.metres
    return Motion(asf.skeleton, root, rotations, fps)


def _read_amc(path, asf: AsfSkeleton, limits: Limits):
    """Per joint its (T, dofs) values in file units, or None for a bone without any; and whether angles are degrees."""
    text = read_text(path, AsfAmcError, limits.file_bytes)
    degrees, start = asf.degrees, None
    for _, position, line in lines_from(text, 0):
        word = line.strip().upper()
        if word.startswith(":"):
            degrees = True if word == ":DEGREES" else False if word == ":RADIANS" else degrees
        elif word and not word.startswith("#"):
            start = position
            break
    if start is None:
        raise AsfAmcError(path, None, "holds no frames")
    layout = _layout(path, text, start, asf)
    width = 1 + sum(1 + len(asf.dofs[j]) for j in layout)
    blocks, left, frames = [], [], 0
    first = int(next(lines_from(text, start))[2])
    for _, piece in pieces(text, start):
        tokens = left + piece.split()
        whole = len(tokens) // width
        if frames + whole > limits.frames or frames * width + len(tokens) > limits.values:
            raise AsfAmcError(path, None, f"is too long; at most {limits.frames:,} frames are read")
        blocks.append(_columns(tokens[: whole * width], width, first + frames, layout, asf))
        if blocks[-1] is None:
            raise _irregular(path, text, start, layout, asf)
        left, frames = tokens[whole * width :], frames + whole
    if left:
        raise _irregular(path, text, start, layout, asf)
    ends = np.cumsum([len(asf.dofs[j]) for j in layout])[:-1]
    channels: list[np.ndarray | None] = [None] * len(asf.skeleton)
    for j, values in zip(layout, np.split(np.concatenate(blocks), ends, axis=1)):
        channels[j] = values
    if channels[0] is None:
        raise AsfAmcError(path, line_of(text, start), "the first frame has no line for 'root'")
    return channels, degrees


def _columns(tokens, width, first, layout, asf) -> np.ndarray | None:
    """(T, dofs of all in ``layout``) values of frames numbered from ``first`` on; None where one is not as it should be
    (the slow way finds the line)."""
    if tokens[0::width] != [str(first + i) for i in range(len(tokens) // width)]:
        return None
    columns, at = [], 1
    for j in layout:
        if set(tokens[at::width]) - {asf.skeleton.names[j]}:
            return None
        columns += [numbers(tokens[at + 1 + k :: width]) for k in range(len(asf.dofs[j]))]
        at += 1 + len(asf.dofs[j])
    if any(c is None or np.abs(c).max(initial=0.0) > _LARGEST for c in columns):
        return None
    return np.stack(columns, axis=-1) if columns else np.empty((len(tokens) // width, 0))


def _layout(path, text, start, asf) -> list[int]:
    """Joint indices in the order of the first frame's lines; every later frame must be alike."""
    where = {name: j for j, name in enumerate(asf.skeleton.names)}
    layout: list[int] = []
    begun = False
    for line, _, content in lines_from(text, start):
        words = content.split()
        if not words:
            continue
        if not begun:
            if not (len(words) == 1 and words[0].isascii() and words[0].isdigit() and len(words[0]) < 10):
                message = f"expected the number of the first frame, got {content.strip()[:40]!r}"
                raise AsfAmcError(path, line, message)
            begun = True
            continue
        if words[0].isdigit():
            break
        if words[0] not in where:
            raise AsfAmcError(path, line, f"bone {words[0][:40]!r} is not in the skeleton (.asf): wrong file pair?")
        j = where[words[0]]
        if j in layout:
            raise AsfAmcError(path, line, f"bone {words[0]!r} stands twice in one frame")
        if len(words) - 1 != len(asf.dofs[j]) or len(words) == 1:
            message = f"bone {words[0]!r} has {len(words) - 1} numbers, the skeleton has {len(asf.dofs[j])}"
            raise AsfAmcError(path, line, message)
        layout.append(j)
    return layout


def _irregular(path, text, start, layout, asf) -> AsfAmcError:
    """The error for the first line that differs from the first frame's layout."""
    expected, frame, line = 0, None, None
    for line, _, content in lines_from(text, start):
        words = content.split()
        if not words:
            continue
        if expected == 0:
            if frame is not None and words != [str(frame + 1)]:
                return AsfAmcError(path, line, f"expected frame {frame + 1}, got {content.strip()[:40]!r}")
            frame = int(words[0]) if frame is None else frame + 1
        else:
            j = layout[expected - 1]
            name, count = asf.skeleton.names[j], len(asf.dofs[j])
            values = numbers(words[1:])
            damaged = values is None or len(values) != count or np.abs(values).max() > _LARGEST
            if words[0] != name or damaged:
                message = f"expected {name!r} and {count} finite numbers, got {content.strip()[:40]!r}"
                return AsfAmcError(path, line, message)
        expected = (expected + 1) % (len(layout) + 1)
    return AsfAmcError(path, line, f"frame {frame} is incomplete")
