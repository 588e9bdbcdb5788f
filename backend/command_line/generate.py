"""``python -m backend generate``: the options as a request, and its best take as a file."""

from __future__ import annotations

import argparse
from fractions import Fraction
from pathlib import Path

import numpy as np

from ..motion import resample, retarget
from ..motion.motion import JointKey, KeyPose, Motion
from ..motion.skeleton import canonical
from ..protocol import Context, GenerateRequest, Segment
from ..wire import RequestError
from . import files


def request_of(options: argparse.Namespace) -> tuple[GenerateRequest, list[str]]:
    """The request, and warnings about the files. RequestError says which option does not fit."""
    if options.task == "describe":
        action = "Use: python -m backend describe FILE."
        raise RequestError("task", "generate makes motions, and task 'describe' puts one into words", action)
    length = _seconds(options)
    (before, noted), (after, also) = (
        (None, []) if path is None else files.read(path) for path in (options.before, options.after)
    )
    fps = options.fps or next((motion.fps for motion in (before, after) if motion is not None), Fraction(30))
    keys = [_key_pose(path, _frame(seconds, length, fps)) for path, seconds in options.key]
    timed = {seconds is not None for _, seconds in options.key}
    if len(timed) > 1:
        raise RequestError("bad_keys", "some keys have a time and others none", "Give all of them as FILE@SECONDS.")
    request = GenerateRequest(
        segments=(Segment(options.text),) if options.text or not (keys or options.before or options.after) else (),
        fps=fps,
        seconds=length,
        seed=options.seed,
        takes=options.takes,
        keys=keys,
        timed=timed != {False},
        context=_context(before, after, fps),
        task=options.task,
        temperature=options.temperature,
        top_k=options.top_k,
        top_p=options.top_p,
        guidance=options.guidance,
        bundle=options.bundle,
    )
    return request, [*noted, *also]


def _seconds(options: argparse.Namespace) -> float | None:
    if options.gap is None:
        if options.seconds is None and options.after is not None:
            action = "Give --seconds." if options.before is None else "Give --gap."
            raise RequestError("bad_seconds", "nothing says how long the way to --after is", action)
        return options.seconds
    if options.seconds is not None or options.before is None or options.after is None:
        action = "Give --gap with --before and --after, and --seconds without."
        raise RequestError("bad_seconds", "--gap is the time between two motions", action)
    return options.gap


def _frame(seconds: float | None, length: float | None, fps: Fraction) -> int:
    """Of a key; what comes at the end of the motion is its last frame. Without a time any: its place in the order
    counts."""
    frame = round((seconds or 0.0) * fps)
    at_end = length is not None and frame > 0 and abs(length * fps - frame) <= 0.5
    return frame - 1 if at_end else frame


def _key_pose(path: Path, frame: int) -> KeyPose:
    """The first frame of a file, all of its joints bound."""
    first = files.read(path)[0][:1]
    pose = retarget.retarget(first, target=canonical(first.skeleton.kind))
    joints = {name: JointKey(rotation=pose.rotations[0, j]) for j, name in enumerate(pose.skeleton.names)}
    return KeyPose(frame, joints, height=float(pose.root[0, 1]))


def _context(before: Motion | None, after: Motion | None, fps: Fraction) -> Context | None:
    if before is None and after is None:
        return None
    before, after = (None if motion is None else resample.resample(motion, fps) for motion in (before, after))
    if before is not None and after is not None:
        after = _on(after, before)
    # two files have no place in common
    return Context(before, after, placed=False)


def _on(motion: Motion, other: Motion) -> Motion:
    """On the skeleton of another motion."""
    mine, theirs = motion.skeleton, other.skeleton
    same = mine.names == theirs.names and np.allclose(mine.offsets, theirs.offsets, atol=1e-6)
    return motion if same else retarget.retarget(motion, target=theirs)
