"""Biovision BVH: any channel order, any naming; written with six root channels and ZXY joints.

A BVH's zero pose has no rotations, so its joint axes equal the world's there, which is what Motion asks of a rest pose.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

import numpy as np

from .. import rotations as rot
from ..motion import Motion, believed
from ..skeleton import Skeleton
from .bvh_hierarchy import BvhError, Hierarchy, Joint
from .text import LIMITS, Limits, line_of, number, numbers, pieces, read_text, write_bytes

_MOTION = re.compile(r"^[ \t]*MOTION[ \t]*$", re.MULTILINE | re.IGNORECASE)
_FRAMES = re.compile(r"\s*Frames[ \t]*:[ \t]*(\S+)", re.IGNORECASE)
_FRAME_TIME = re.compile(r"\s*Frame[ \t]+Time[ \t]*:[ \t]*(\S+)", re.IGNORECASE)
_FRAMES_AT_ONCE = 1000


@dataclass(frozen=True, eq=False)
class Bvh:
    """``motion`` in metres; ``end_sites``: joint name -> (3,) metres; ``notes``: what was passed over."""

    motion: Motion
    end_sites: dict[str, np.ndarray]
    notes: tuple[str, ...]


def read(path, scale: float = 0.01, limits: Limits = LIMITS) -> Motion:
    """The motion of a BVH file; ``scale`` is metres per unit of the file (0.01: centimetres). Raises BvhError."""
    return load(path, scale, limits).motion


def end_sites(path, scale: float = 0.01) -> dict[str, np.ndarray]:
    """Joint name -> (3,) offset of its End Site in metres. Raises BvhError."""
    return load(path, scale).end_sites


def load(path, scale: float = 0.01, limits: Limits = LIMITS) -> Bvh:
    """Motion, End Sites and notes of a BVH file. Raises BvhError with file and line."""
    text = read_text(path, BvhError, limits.file_bytes)
    start = _MOTION.search(text, 0, limits.skeleton_bytes)
    if start is None:
        raise BvhError(path, None, "has no MOTION line after its hierarchy; is it a BVH file?")
    joints = Hierarchy(path, text[: start.start()].split("\n"), limits).parse()
    values, rate = _motion_block(path, text, start.end(), joints, limits)
    return _assemble(path, joints, values, rate, scale)


def _motion_block(path, text, at, joints, limits):
    """The (T, C) channel values and the frame rate; ``at``: the position behind MOTION."""
    word, at = _labelled(path, text, at, _FRAMES, "Frames")
    if not (word.isascii() and word.isdigit()) or len(word) > 12 or not 1 <= int(word) <= limits.frames:
        message = f"'Frames' must be a whole number from 1 to {limits.frames:,}, got {word[:40]!r}"
        raise BvhError(path, line_of(text, at), message)
    frames = int(word)
    word, at = _labelled(path, text, at, _FRAME_TIME, "Frame Time")
    rate = frame_rate(word)
    if rate is None:
        message = f"'Frame Time' must be seconds a frame, from 0.001 to 1, got {word[:40]!r}"
        raise BvhError(path, line_of(text, at), message)
    channels = sum(len(j.channels) for j in joints)
    count = frames * channels
    if count > limits.values:
        message = f"{frames:,} frames of {channels} channels are more than {limits.values:,} numbers"
        raise BvhError(path, line_of(text, at), message)
    values, found, more = np.empty(count), 0, False
    for position, piece in pieces(text, at):
        tokens = piece.split()
        wanted, more = tokens[: count - found], len(tokens) > count - found
        block = numbers(wanted)
        if block is None:
            _refuse_word(path, text, position)
        values[found : found + len(block)] = block
        found += len(block)
        if more:
            break
    if more or found < count:
        have = "more" if more else f"only {found / channels:g}"
        message = f"{frames} frames of {channels} numbers are declared, the file holds {have}"
        raise BvhError(path, line_of(text, len(text.rstrip())), message)
    return values.reshape(frames, channels), rate


def _refuse_word(path, text, position) -> None:
    """BvhError for the first word from ``position`` on that is no number."""
    for word in re.compile(r"\S+").finditer(text, position):
        if numbers([word.group()]) is None:
            number(word.group(), path, line_of(text, word.start()), BvhError)


def _labelled(path, text, at, pattern, label) -> tuple[str, int]:
    """The word behind ``label:`` at ``at`` and the position behind it."""
    found = pattern.match(text, at)
    if found is None:
        raise BvhError(path, line_of(text, at), f"expected '{label}: <number>' after this line")
    return found.group(1), found.end()


_COMMON_RATES = tuple(Fraction(r) for r in (24, 25, 30, 48, 50, 60, 72, 90, 100, 120, 144, 200, 240))
_NTSC_RATES = tuple(Fraction(r * 1000, 1001) for r in (24, 30, 48, 60, 120))


def frame_rate(text: str) -> Fraction | None:
    """Frames a second from a frame time as it stands in a file, or None when it is none.

    A time is written rounded or cut off, so the rate is the common one whose time lies within one unit of the last
    digit; otherwise the exact inverse.
    """
    if len(text) > 40:
        return None
    try:
        seconds = Decimal(text)
    except InvalidOperation:
        return None
    if not seconds.is_finite() or not Decimal("0.0009999") <= seconds <= 1:
        return None
    given = Fraction(seconds)
    unit = Fraction(10) ** int(seconds.as_tuple().exponent)
    for rates in (_COMMON_RATES, _NTSC_RATES):
        best = min(rates, key=lambda rate: abs(1 / rate - given))
        if abs(1 / best - given) <= min(unit, given / 200):
            return best
    exact = 1 / given
    near = Fraction(round(exact))
    if abs(exact - near) < near / 10_000:
        return near
    return min(exact.limit_denominator(100_000), Fraction(1000))


def _angles_to_rotations(joints, values) -> np.ndarray:
    """(T, J, 4), joints of one channel order together."""
    rotations = np.tile(rot.IDENTITY, (len(values), len(joints), 1))
    groups: dict[str, list[int]] = {}
    for j, joint in enumerate(joints):
        order = "".join(c[0] for c in joint.channels if c.endswith("rotation"))
        if order:
            groups.setdefault(order, []).append(j)
    for order, members in groups.items():
        columns = [
            [joints[j].first + i for i, c in enumerate(joints[j].channels) if c.endswith("rotation")] for j in members
        ]
        for at in range(0, len(values), _FRAMES_AT_ONCE):  # every step of the conversion is as large as its result
            some = slice(at, at + _FRAMES_AT_ONCE)
            rotations[some, members] = rot.from_euler(np.deg2rad(values[some, columns]), order)
    return rotations


def _positions(joint: Joint, values) -> np.ndarray | None:
    """(T, 3) of a joint's position channels, absent ones from its offset; None when it has none."""
    axes = {c[0]: joint.first + i for i, c in enumerate(joint.channels) if c.endswith("position")}
    if not axes:
        return None
    return np.stack(
        [values[:, axes[a]] if a in axes else np.full(len(values), o) for a, o in zip("XYZ", joint.offset)], axis=-1
    )


def _assemble(path, joints, values, rate, scale) -> Bvh:
    if not (np.isfinite(scale) and scale > 0):
        raise BvhError(path, None, f"the scale must be a positive number of metres per unit, got {scale!r}")
    largest = max(float(np.abs(values).max()), *(abs(x) for joint in joints for x in joint.offset))
    if largest * max(scale, 1.0) > 1e9:
        raise BvhError(path, None, "holds numbers beyond 1e9; it is damaged or in the wrong unit (scale)")
    notes = []
    root = _positions(joints[0], values)
    if root is None:
        root = np.tile(np.array(joints[0].offset), (len(values), 1))
    ignored = []
    for joint in joints[1:]:
        positions = _positions(joint, values)
        if positions is not None and np.abs(positions - joint.offset).max() > 1e-3 * (1 + np.abs(joint.offset).max()):
            ignored.append(joint.name)
    if ignored:
        notes.append(f"position channels of {len(ignored)} joints below the root are ignored: {', '.join(ignored[:5])}")
    offsets = np.array([j.offset for j in joints]) * scale
    offsets[0] = 0.0
    skeleton = Skeleton("other", tuple(j.name for j in joints), tuple(j.parent for j in joints), offsets)
    try:
        motion = believed(Motion(skeleton, root * scale, _angles_to_rotations(joints, values), rate))
    except ValueError as reason:
        raise BvhError(path, None, str(reason)) from reason
    ends = {j.name: np.array(j.end) * scale for j in joints if j.end is not None}
    return Bvh(motion, ends, tuple(notes))


def write(path, motion: Motion, ends: Mapping[str, np.ndarray] | None = None) -> None:
    """Write ``motion`` in centimetres, ZXY Euler angles, joints depth first (reading gives them in that order).

    ``ends``: joint name -> (3,) metres to its End Site; a leaf without one continues its own bone by half. Characters
    that BVH cannot hold in a name become "_". Raises BvhError, before anything is written, for several roots.
    """
    skeleton = motion.skeleton
    if any(p < 0 for p in skeleton.parents[1:]):
        raise BvhError(path, None, "a BVH file holds one root; this skeleton has several")
    lines, order = ["HIERARCHY"], []
    names = _plain_names(skeleton.names)

    def put(joint: int, depth: int):
        # recursion is bounded by the depth of a skeleton, which readers bound
        pad = "\t" * depth
        order.append(joint)
        offset = np.zeros(3) if joint == 0 else skeleton.offsets[joint]
        channels = "6 Xposition Yposition Zposition" if joint == 0 else "3"
        lines.append(f"{pad}{'JOINT' if joint else 'ROOT'} {names[joint]}")
        lines.append(pad + "{")
        lines.append(f"{pad}\tOFFSET {_centimetres(offset)}")
        lines.append(f"{pad}\tCHANNELS {channels} Zrotation Xrotation Yrotation")
        for child in skeleton.children[joint]:
            put(child, depth + 1)
        if not skeleton.children[joint]:
            end = (ends or {}).get(skeleton.names[joint])
            end = skeleton.offsets[joint] / 2 if end is None else np.asarray(end, float)
            lines.extend([pad + "\tEnd Site", pad + "\t{", f"{pad}\t\tOFFSET {_centimetres(end)}", pad + "\t}"])
        lines.append(pad + "}")

    put(0, 0)
    degrees = np.rad2deg(unwrapped_euler(motion.rotations[:, order], "ZXY")).reshape(len(motion), -1)
    values = np.concatenate([motion.root * 100.0, degrees], axis=1)
    lines += ["MOTION", f"Frames: {len(motion)}", f"Frame Time: {float(1 / motion.fps):.10f}"]
    lines += [" ".join([f"{v:.6f}" for v in row]) for row in values.tolist()]
    write_bytes(path, ("\n".join(lines) + "\n").encode("utf-8"))


def _centimetres(offset) -> str:
    return " ".join(f"{x:.6f}" for x in np.asarray(offset) * 100.0)


def _plain_names(names) -> list[str]:
    out: list[str] = []
    for name in names:
        plain = re.sub(r"[\s{}]+", "_", name) or "joint"
        unique, k = plain, 2
        while unique in out:
            unique, k = f"{plain}_{k}", k + 1
        out.append(unique)
    return out


def unwrapped_euler(q, order: str) -> np.ndarray:
    """Euler angles (T, ..., 3) of rotations (T, ..., 4) without jumps: of the two solutions of each frame the one near
    the frame before, whole turns added."""
    first = rot.to_euler(q, order)
    second = np.stack([first[..., 0] + np.pi, np.pi - first[..., 1], first[..., 2] + np.pi], axis=-1)
    out = first.copy()
    for t in range(1, len(out)):
        choices = np.stack([first[t], second[t]])
        choices += 2 * np.pi * np.round((out[t - 1] - choices) / (2 * np.pi))
        nearer = np.abs(choices - out[t - 1]).sum(axis=-1)
        out[t] = np.where((nearer[1] < nearer[0])[..., None], choices[1], choices[0])
    return out
