"""How true the rotations are that a codec of joint positions gives back: recordings whose rotations are known are
encoded, decoded and compared.

python -m training.metrics.true_rotations --cmu DIR [--o3de DIR] [--subjects test|train|all]
python -m training.metrics.true_rotations --codec motionx623 --cc0 DIR

The truth is put on the codec's body and where the codec puts it, so that what is left is what decoding had to guess.
A recording holds some joints otherwise than ours at rest (a foot turned out, an elbow that folds about another axis);
what of the error is the same in all frames of a performer is therefore told apart.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backend.motion import kinematics
from backend.motion import rotations as rot
from backend.motion.features import codec
from backend.motion.features.codec import Codec
from backend.motion.features.humanml3d_body import REFERENCE
from backend.motion.motion import Motion
from backend.motion.resample import resample
from backend.motion.skeleton import Skeleton, mirror_names
from training.data.preparing import SHORTEST, on_skeleton, sound
from training.data.sources import SOURCES, Options, create
from training.data.sources.take import Source, Take
from training.data.splits import HELD_OUT_SUBJECTS

FLIP = np.deg2rad(90.0)
"""a joint jumps when it turns by more than this in one frame, in the world"""
CODECS = ("humanml263", "motionx623")
"""those whose body is ``REFERENCE``"""
SUBJECTS = ("all", "train", "test")
"""of CMU: "test" are the held-out ones, "train" the others"""


@dataclass(frozen=True, eq=False)
class Comparison:
    """One clip of T frames: ``position`` (T, J) the joints' distances in metres, ``away`` (T, J, 4) the found world
    rotations seen from the true ones, ``local`` (T, J) the angles between the local ones, radians, ``flips``,
    ``inherited`` and ``jumps`` (J,) as ``count_flips`` counts them."""

    skeleton: Skeleton
    position: np.ndarray
    away: np.ndarray
    local: np.ndarray
    flips: np.ndarray
    inherited: np.ndarray
    jumps: np.ndarray
    minutes: float


def compare(motion: Motion, codec: Codec) -> Comparison:
    """A motion of the codec's kind and rate through the codec and back."""
    found = codec.decode(codec.encode(motion))
    truth = placed(motion)[: len(found)]
    (positions, world), (true_positions, true_world) = kinematics.pose(found), kinematics.pose(truth)
    return Comparison(
        truth.skeleton,
        np.linalg.norm(positions - true_positions, axis=-1),
        rot.multiply(rot.inverse(true_world), world),
        rot.angle_between(truth.rotations, found.rotations),
        *count_flips(world, true_world, truth.skeleton),
        found.seconds / 60.0,
    )


def placed(motion: Motion) -> Motion:
    """The motion on HumanML3D's body, its lowest joint at y = 0, frame 0 at x = z = 0 facing +Z."""
    there = motion.on(REFERENCE[motion.skeleton.kind])
    there = there.moved(-kinematics.facing_yaw(kinematics.joint_positions(there)[0], there.skeleton))
    floor = kinematics.joint_positions(there)[..., 1].min()
    return there.moved(0.0, -np.array([there.root[0, 0], floor, there.root[0, 2]]))


def count_flips(world, truth, skeleton: Skeleton) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """World rotations (T, J, 4) twice -> three counts (J,).

    A joint flips where it jumps and the true joint turns less than half as far in that frame. A flip is inherited where
    a joint that it hangs on truly turns at least half as far: where a recorded thigh turns half round within a frame,
    the foot below it follows. The third is how often the recording itself jumps.
    """
    step, true_step = (rot.angle_between(q[:-1], q[1:]) for q in (world, truth))
    above = true_step.copy()
    for joint, parent in enumerate(skeleton.parents):
        if parent >= 0:
            above[:, joint] = np.maximum(above[:, joint], above[:, parent])
    flips = (step > FLIP) & (true_step < step / 2.0)
    return flips.sum(axis=0), (flips & (above >= step / 2.0)).sum(axis=0), (true_step > FLIP).sum(axis=0)


def bone_axes(skeleton: Skeleton) -> np.ndarray:
    """(J, 3) unit rest direction of the bone that a joint turns: towards its last child, for a tip as it came."""
    ends = [children[-1] if children else joint for joint, children in enumerate(skeleton.children)]
    return rot.normalize(skeleton.offsets[ends])


def less_constant(away) -> np.ndarray:
    """Rotations (T, J, 4) seen from their mean of each joint."""
    _, vectors = np.linalg.eigh(np.einsum("tji,tjk->jik", away, away))
    return rot.multiply(rot.inverse(vectors[..., -1]), away)


def table(found: dict[str, list[Comparison]]) -> str:
    """Comparisons by performer -> Markdown: the sums, then a line a joint, left and right together."""
    every = [c for theirs in found.values() for c in theirs]
    skeleton = every[0].skeleton
    away = np.concatenate([c.away for c in every])
    _, twist = rot.swing_twist(away, bone_axes(skeleton))
    alone = [less_constant(np.concatenate([c.away for c in theirs])) for theirs in found.values()]
    angles = {
        "world rotation": rot.angle(away), "of it about the bone": rot.angle(twist),
        "less what is constant": rot.angle(np.concatenate(alone)),
        "local rotation": np.concatenate([c.local for c in every]),
    }  # fmt: skip
    mean = {name: np.degrees(angle.mean(axis=0)) for name, angle in angles.items()}
    position = 1000.0 * np.concatenate([c.position for c in every])
    counts = {name: np.sum([getattr(c, name) for c in every], axis=0) for name in ("flips", "inherited", "jumps")}
    flips, inherited, jumps = (count.sum() for count in counts.values())
    minutes = sum(c.minutes for c in every)
    lines = [
        f"{len(every)} clips, {minutes:.1f} minutes; degrees are means. Position error {position.mean():.3f} mm, at "
        f"most {position.max():.3f}. {flips} flips, {flips / minutes:.3f} a minute; {inherited} of them inherited from "
        f"a recording that jumps {jumps} times itself.",
        "",
        f"| joint | position, mm | {' | '.join(mean)} | flips | inherited | jumps of the recording |",
        "|---" * (len(mean) + 5) + "|",
    ]
    for name, both in _pairs(skeleton):
        cells = [f"{angle[both].mean():.1f}" for angle in mean.values()]
        cells += [str(count[both].sum()) for count in counts.values()]
        lines.append(f"| {name} | {position[:, both].mean():.3f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _pairs(skeleton: Skeleton) -> list[tuple[str, list[int]]]:
    """Joints with their counterparts, named without a side."""
    mirrored = mirror_names(skeleton.names)
    return [
        (name.removeprefix("left_"), sorted({joint, mirrored[joint]}))
        for joint, name in enumerate(skeleton.names)
        if not name.startswith("right_")
    ]


def motions(source: Source, codec: Codec, subjects: str) -> Iterator[tuple[str, Motion]]:
    """Performer and clean motion, of the codec's kind and rate, of every take of a source that is long enough."""
    for item in source.items():
        for take in source.read(item):
            if isinstance(take, Take) and (
                subjects == "all" or (take.subject in HELD_OUT_SUBJECTS) == (subjects == "test")
            ):
                motion = sound(take, on_skeleton(take, codec.kind))
                if len(motion) >= SHORTEST:
                    yield take.subject, resample(motion, codec.fps)


def measure(source: Source, codec: Codec, subjects: str) -> str:
    """The table of one source; ValueError where none of its takes was asked for."""
    found: dict[str, list[Comparison]] = defaultdict(list)
    for subject, motion in motions(source, codec, subjects):
        found[subject].append(compare(motion, codec))
    if not found:
        raise ValueError(f"{source.name}: no take of the {subjects} subjects in {source.folder}")
    return table(found)


def main(arguments: Iterable[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m training.metrics.true_rotations", description=__doc__.split("\n\n")[0]
    )
    for name, source in SOURCES.items():
        parser.add_argument(f"--{name}", type=Path, metavar="DIR", help=source.terms.title)
    parser.add_argument("--codec", choices=CODECS, default=CODECS[0])
    parser.add_argument("--subjects", choices=SUBJECTS, default=SUBJECTS[0], help="of CMU; test: the held-out ones")
    options = parser.parse_args(arguments)
    chosen = {name: folder for name in SOURCES if (folder := getattr(options, name))}
    if not chosen:
        parser.error(f"give at least one source: {', '.join('--' + name for name in SOURCES)}")
    try:
        for name, folder in chosen.items():
            source = create(name, folder, Options())
            print(f"{source.terms.title}, {options.codec}, {options.subjects} subjects\n")
            print(measure(source, codec.codec(options.codec), options.subjects), end="\n\n")
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
