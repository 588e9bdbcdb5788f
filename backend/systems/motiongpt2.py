"""MotionGPT-2 (papers.md 4): one vocabulary of words and motion codes, one decoder-only model that continues the text.

This build answers text -> motion on the body. Departures from the paper: a small model of our own instead of LLaMA, a
length token, classifier-free guidance, constrained decoding, and the best of several takes by measured facts.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ..bundles import BundleError
from ..bundles.bundle import shown
from ..engines.fitting import config_of, configs
from ..motion import kinematics, resample, retarget
from ..motion import rotations as rot
from ..motion.anatomy import rest_frames
from ..motion.facts import measure
from ..motion.features import ms272
from ..motion.floor import foot_slide, on_floor
from ..motion.intent import score, slots_of
from ..motion.motion import Motion
from ..motion.skeleton import KINDS, Skeleton, canonical
from ..protocol import CancelledCall, GenerateRequest, ProgressCall, Report, RequestError
from . import prompts
from .base import Cancelled
from .sampling import SamplingConfig, sample


@dataclass
class _Clock:
    """Seconds per stage, in the order of the stages."""

    seconds: dict[str, float] = field(default_factory=dict)
    _since: float = field(default_factory=time.perf_counter)

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._since
        self._since = now


def _told(items: Sequence, progress: ProgressCall, stage: str, start: float, end: float) -> Iterator:
    """The items, progress told before each: it may raise, and a cancellation must not wait for all of them."""
    for i, item in enumerate(items):
        progress(stage, start + (end - start) * i / len(items))
        yield item


def _require_body(skeleton: Skeleton):
    """RequestError before anything is generated for a skeleton that no motion could be put on."""
    try:
        if skeleton.kind not in KINDS:
            raise ValueError(f"its kind is {skeleton.kind!r}, accepted are {', '.join(KINDS)}")
        rest_frames(retarget.slot_points(skeleton))
        if not skeleton.leg_length > 0:
            raise ValueError("its legs have no length")
    except ValueError as error:
        action = "Check the bone map and the armature's rest pose."
        raise RequestError("skeleton", f"the character's skeleton cannot be used: {error}", action) from error


_SLIDES = (6.0, 25.0)  # mm a frame at 30 fps from which, and at which fully, a slide counts against a take
_SLIDE_COSTS = 0.3


def on_firm_feet(motion: Motion, value: float, reasons: list[str]) -> tuple[float, list[str]]:
    """The score of a take, lowered for feet that skate: what was asked for, gliding, is not what was asked for."""
    slide = foot_slide(motion) or 0.0
    low, high = _SLIDES
    cost = _SLIDE_COSTS * min(max((slide - low) / (high - low), 0.0), 1.0)
    return (max(value - cost, 0.0), [*reasons, "feet slide"]) if cost > 0.05 else (value, reasons)


class MotionGPT2:
    """``bundle``: bundles.Bundle of system "motiongpt2"; ``engine``: engines.Engine that holds its networks."""

    name = "motiongpt2"

    def __init__(self, bundle, engine):
        if bundle.prompt_version != prompts.VERSION:
            raise BundleError(
                f"bundle {bundle.name} was trained with prompt version {bundle.prompt_version}, this build asks with "
                f"version {prompts.VERSION}; the answers would be noise"
            )
        self.bundle, self.engine = bundle, engine
        model, motion = configs(bundle)
        self.vocabulary = prompts.Vocabulary(model.text_size, model.codes)
        self.sampling = config_of(bundle, "sampling", SamplingConfig)
        self.text_room = model.positions - prompts.MAX_CODES - 4
        if model.lengths != prompts.MAX_CODES or self.text_room < 1:
            raise BundleError(
                f"bundle {bundle.name} has {model.lengths} length tokens and room for {model.positions} tokens; "
                f"needed are {prompts.MAX_CODES} and at least {prompts.MAX_CODES + 5}"
            )
        features = bundle.features.get("codec"), bundle.features.get("fps")
        if features != (ms272.NAME, ms272.FPS):
            raise BundleError(
                f"bundle {bundle.name} has features {shown(features[0])} at {shown(features[1])} fps; "
                f"needed are {ms272.NAME} at {ms272.FPS} fps"
            )
        if (motion.frames_per_code, motion.input_width) != (prompts.FRAMES_PER_CODE, ms272.WIDTH):
            raise BundleError(
                f"bundle {bundle.name} has {motion.frames_per_code} frames of {motion.input_width} features a code; "
                f"needed are {prompts.FRAMES_PER_CODE} of {ms272.WIDTH}"
            )

    def generate(
        self, request: GenerateRequest, progress: ProgressCall, cancelled: CancelledCall
    ) -> tuple[list[Motion], Report]:
        """``base.System.generate``; progress is told and a cancellation seen between any two codes."""

        def tell(stage: str, fraction: float):
            if cancelled():
                raise Cancelled
            progress(stage, fraction)

        request.require_supported()
        if request.skeleton is not None:
            _require_body(request.skeleton)
        clock, warnings = _Clock(), []
        text = request.segments[0].text
        wanted = slots_of(text)
        tell("Reading the prompt", 0.0)
        ids = self.engine.encode_text(prompts.normalise(text))
        if len(ids) > self.text_room:
            warnings.append(
                f"the prompt is long: the last {len(ids) - self.text_room} of {len(ids)} word pieces were cut"
            )
            ids = ids[: self.text_room]
        if not wanted["actions"]:
            warnings.append("no action word was recognised in the prompt; the motion may be anything")
        clock.lap("prompt")

        codes = None
        if request.seconds is not None:
            codes = min(
                max(math.ceil(request.seconds * float(ms272.FPS) / prompts.FRAMES_PER_CODE), 1), prompts.MAX_CODES
            )
        config = replace(
            self.sampling,
            **{k: v for k in ("temperature", "guidance") if (v := getattr(request, k)) is not None},
        )
        # each take has its own stream: take 2 of 4 is, but for rounding, the same motion as take 2 of 8
        rngs = [np.random.default_rng([request.seed, i]) for i in range(request.takes)]
        sequences = sample(
            self.engine, self.vocabulary, ids, codes, rngs, config, lambda f: tell("Generating", 0.05 + 0.75 * f)
        )
        clock.lap("generate")

        motions = self._decoded(sequences, tell)
        clock.lap("decode")

        judged = [score(measure(m), wanted) for m in _told(motions, tell, "Choosing", 0.9, 0.95)]
        judged = [on_firm_feet(m, *j) for m, j in zip(motions, judged)]
        scores = [s for s, _ in judged]
        best = int(np.argmax(scores))
        clock.lap("choose")

        motions = self._placed(motions, request, tell)
        clock.lap("place")
        report = Report(
            bundle=self.bundle.title,
            system=self.name,
            engine=self.engine.name,
            device=self.engine.device,
            seed=request.seed,
            frames=len(motions[best]),
            stage_seconds=clock.seconds,
            chosen=best,
            reason=self._reason(best, judged),
            scores=tuple(scores),
            unknown_words=tuple(wanted["unknown"]),
            foot_slide=foot_slide(motions[best]),
            warnings=tuple(warnings),
        )
        tell("Done", 1.0)
        return motions, report

    def _decoded(self, sequences: list[np.ndarray], tell: ProgressCall) -> list[Motion]:
        """Code sequences to Motions at the model's rate on the canonical skeleton, standing on the floor."""
        tell("Decoding", 0.8)
        features: dict[int, np.ndarray] = {}
        for length in dict.fromkeys(map(len, sequences)):  # those of one length together
            rows = [i for i, s in enumerate(sequences) if len(s) == length]
            features |= zip(rows, self.engine.decode(np.stack([sequences[i] for i in rows])))
        skeleton = canonical()
        takes = [features[i] for i in range(len(sequences))]
        motions = [ms272.decode(take, skeleton) for take in _told(takes, tell, "Decoding", 0.85, 0.9)]
        kinematics.pose_together(motions)
        return [on_floor(motion) for motion in motions]

    @staticmethod
    def _reason(best: int, judged: list[tuple[float, list[str]]]) -> str:
        what = "; ".join(judged[best][1]).replace("_", " ") or "nothing in the prompt could be measured"
        if len(judged) == 1 or len({score for score, _ in judged}) == 1:
            return what
        return f"fits the prompt best: {what}"

    @staticmethod
    def _placed(motions: list[Motion], request: GenerateRequest, tell: ProgressCall) -> list[Motion]:
        """On the character, at the scene's rate and length, starting where and as the request says."""
        tell("Placing", 0.95)
        if request.skeleton is not None:
            motions = retarget.retarget_together(motions, target=request.skeleton)
            kinematics.pose_together(motions)
            # legs of other proportions reach less or more far down when they bend
            motions = [on_floor(motion) for motion in motions]
        motions = [resample.resample(motion, request.fps, request.frames) for motion in motions]
        kinematics.pose_together(motions)
        return [_standing(motion, request) for motion in _told(motions, tell, "Placing", 0.97, 1.0)]


def _standing(motion: Motion, request: GenerateRequest) -> Motion:
    """The motion begins at the request's origin and heading."""
    yaw = request.heading - float(kinematics.heading(motion)[0])
    (x, z), start = request.origin, rot.rotate(rot.about_y(yaw), motion.root[0])
    motion = motion.moved(yaw, (x - start[0], 0.0, z - start[2]))
    return motion.with_contacts(kinematics.detect_contacts(motion))
