"""From a motion to captions: the task "describe"."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..motion.motion import Motion
from ..motion.skeleton import KINDS
from ..protocol import CancelledCall, DescribeRequest, ProgressCall, RequestError
from . import asking
from .grammars import Words
from .model import Model
from .prompts import Fields
from .sampling import SamplingConfig
from .telling import teller
from .timeline import at_model_rate
from .vocabulary import FRAMES_PER_CODE
from .wish import require_task

MOST_TOKENS = 64
"""of a caption"""


def captions(
    model: Model, request: DescribeRequest, progress: ProgressCall, cancelled: CancelledCall
) -> tuple[list[str], list[str]]:
    """Up to ``request.captions`` different captions, the first of always the likeliest word, the
    others drawn, and warnings.
    RequestError for a bundle that writes none and for a skeleton that it cannot see."""
    require_task(model.bundle, "describe")
    tell = teller(progress, cancelled)
    tell("Reading the motion", 0.0)
    codes, warnings = _codes(model, request.motion)
    fields = Fields(codes=dict(zip(model.codes, codes)))
    prompt = len(model.prompts.prompt("describe", fields, model.speech))
    room = model.engine.longest + 1 - prompt
    if room < 1:
        raise RequestError(
            "too_long", f"the motion takes {prompt} tokens, the model reads {model.engine.longest}", "Cut the motion."
        )
    grammar = Words(model.words, model.speech.text.eos, min(room, MOST_TOKENS))
    config = asking.sampling_of(model, request)
    # the first is the likeliest; the others, drawn, show what else the motion may be called
    found = _drawn(model, fields, grammar, request.seed, 1, replace(config, temperature=0.0), tell, 0.0)
    if request.captions > 1:
        found += _drawn(model, fields, grammar, request.seed, request.captions - 1, config, tell, 0.5)
    tell("Done", 1.0)
    texts = [_printable(model.engine.decode_text(ids)) for ids in found]
    different = list(dict.fromkeys(text for text in texts if text))
    if len(different) < request.captions:
        warnings.append(
            f"{request.captions} captions were asked for, {len(different)} different came; a higher temperature may "
            "give more"
        )
    return different, warnings


def _printable(text: str) -> str:
    """A model may write any byte."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _drawn(
    model: Model,
    fields: Fields,
    grammar: Words,
    seed: int,
    count: int,
    config: SamplingConfig,
    tell: ProgressCall,
    start: float,
) -> list[list[int]]:
    """So many captions as ids; half of the whole progress from ``start`` on."""
    rngs = [np.random.default_rng([seed, i]) for i in range(count)]
    return asking.drawn(model, "describe", fields, grammar, rngs, config, lambda f: tell("Describing", start + 0.5 * f))


def _codes(model: Model, motion: Motion) -> tuple[tuple[np.ndarray, ...], list[str]]:
    """Of each stream, and a warning where a motion is too long for the model."""
    if motion.skeleton.kind not in KINDS:
        raise RequestError(
            "bad_request",
            f"a motion of kind {motion.skeleton.kind!r} was given; described are {', '.join(KINDS)}",
            "Describe a motion on the SMPL-22 or SMPL-X-52 skeleton.",
        )
    there = int(float(len(motion) / motion.fps * model.codec.fps) + 1e-9)
    count = min(max(there // FRAMES_PER_CODE, 1), model.most)
    cut = there // FRAMES_PER_CODE > model.most
    warnings = [f"the motion is long: its first {count / model.rate:g} seconds were described"] if cut else []
    times = np.arange(count * FRAMES_PER_CODE + model.codec.spare)
    return model.encode(at_model_rate(model, motion, times)), warnings
