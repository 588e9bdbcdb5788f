"""A request on its way through a system that writes codes: prompt, answers, motions, the best of them, their report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..motion.floor import foot_slide
from ..motion.intent import slots_of
from ..motion.motion import Motion
from ..protocol import CancelledCall, GenerateRequest, ProgressCall, Report
from . import asking
from .choosing import Judged, choose, judge
from .decoding import decoded, pose_together
from .grammars import Grammar
from .joining import Joined, joined
from .key_errors import key_errors
from .model import Model
from .placing import placed, require_body
from .telling import Clock, teller, told
from .wish import Wish, frames_of_keys

Codes = Mapping[str, np.ndarray]
"""stream -> (N,)"""
SLIDE = (0.2, 0.3)
"""metres, and metres a second: a way that the body slides over by more than both is not one that it walks"""


def generate(
    model: Model,
    understand: Callable[[GenerateRequest], Wish],
    grammar: Callable[[Wish], Grammar],
    request: GenerateRequest,
    progress: ProgressCall,
    cancelled: CancelledCall,
) -> tuple[list[Motion], Report]:
    """``base.System.generate``; progress is told and a cancellation seen between any two tokens. ``understand`` and
    ``grammar`` are the system's: what a request asks of the model, and what an answer to that can be."""
    tell, clock = teller(progress, cancelled), Clock()
    request.require_supported()
    if request.skeleton is not None:
        require_body(request.skeleton)
    tell("Reading the prompt", 0.0)
    wanted = slots_of(request.text)
    wish = understand(request)
    takes, warnings = _answers(model, wish, grammar, request, tell, clock)
    if request.text.strip() and not wanted["actions"]:
        warnings.append("no action word was recognised in the prompt; the motion may be anything")

    motions = decoded(model, [_whole(wish, take) for take in takes], tell)
    clock.lap("decode")
    if wish.timeline is None:
        judged = judge(motions, wanted, tell)
        clock.lap("choose")
        motions = new = placed(motions, request, wish.frames, tell)
        clock.lap("place")
        best, reason = choose(judged, wanted)
        made = None
    else:
        parts = _beside(motions, takes, wish, tell)
        clock.lap("place")
        new = [part.new for part in parts]
        judged = judge(new, wanted, tell)
        clock.lap("choose")
        best, reason = choose(judged, wanted)
        motions, made = [part.whole for part in parts], parts[best].span
        warnings += _slid(parts[best])
        if len(request.context.motions) == 2 and not request.context.placed:
            warnings.append("what comes after was set down where the new frames lead")
    report = Report(
        bundle=model.bundle.title,
        system=model.bundle.system,
        engine=model.engine.name,
        device=model.engine.device,
        seed=request.seed,
        frames=len(motions[best]),
        stage_seconds=clock.seconds,
        chosen=best,
        reason=reason,
        scores=_scores(judged),
        unknown_words=tuple(wanted["unknown"]),
        foot_slide=foot_slide(new[best]),
        warnings=tuple(warnings),
        task=wish.task,
        made=made,
        key_errors=key_errors(frames_of_keys(request, wish.task, len(new[best])), new[best]),
        fps=request.fps,
        correction=request.correction if wish.timeline is None and request.skeleton is not None else None,
    )
    tell("Done", 1.0)
    return motions, report


def _answers(
    model: Model,
    wish: Wish,
    grammar: Callable[[Wish], Grammar],
    request: GenerateRequest,
    tell: ProgressCall,
    clock: Clock,
) -> tuple[list[Codes], list[str]]:
    """The codes of each take, and warnings."""
    config, warnings = asking.guided(model, asking.sampling_of(model, request), request.guidance)
    wish, short = asking.shortened(model, wish, grammar)
    legal = grammar(wish)
    fields, cut = asking.fitted(model, wish.task, wish.fields, legal.most)
    clock.lap("prompt")
    # each take has its own stream: take 2 of 4 is, but for rounding, the same motion as take 2 of 8
    rngs = [np.random.default_rng([request.seed, i]) for i in range(request.takes)]
    takes = asking.drawn(
        model, wish.task, fields, legal, rngs, config, lambda fraction: tell("Generating", 0.05 + 0.75 * fraction)
    )
    clock.lap("generate")
    return takes, [*warnings, *short, *cut, *wish.warnings]


def _whole(wish: Wish, take: Codes) -> Codes:
    """The codes with those that are known before them, where the answer is only what follows."""
    if wish.timeline is None or len(wish.fields.slots):
        return take
    return {stream: np.concatenate([wish.timeline.before, codes]) for stream, codes in take.items()}


def _beside(motions: Sequence[Motion], takes: Sequence[Codes], wish: Wish, tell: ProgressCall) -> list[Joined]:
    """The new frames of each take, where they join the motions that were given."""
    out = []
    for motion, take in zip(told(motions, tell, "Placing", 0.9, 0.95), takes):
        count = len(next(iter(take.values())))
        frames = wish.timeline.frames(count) if wish.frames is None else wish.frames
        out.append(joined(motion, wish.timeline, frames))
    pose_together([part.new for part in out])
    return out


def _slid(part: Joined) -> list[str]:
    """A warning where what comes after is not where the body gets to."""
    seconds = part.new.seconds
    metres, speed = SLIDE
    if part.apart <= max(metres, speed * seconds):
        return []
    where = f"{part.apart:.2g} m from where the way of {seconds:.3g} seconds leads"
    return [f"what comes after begins {where}: the body slides there"]


def _scores(judged: Sequence[Judged]) -> tuple[float, ...]:
    return tuple(score for score, _ in judged)
