"""What a bundle's networks are to a system: an engine, and what its words and codes mean."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..bundles import BundleError
from ..bundles.bundle import shown
from ..engines.fitting import config_of, configs
from ..motion.features.codec import CODECS, Codec
from ..motion.motion import Motion
from ..protocol import LIMITS, RequestError
from . import key_poses, prompts
from .prompts import Prompts, Speech
from .sampling import SamplingConfig
from .vocabulary import FRAMES_PER_CODE


@dataclass(frozen=True, eq=False)
class Model:
    """``bundle``: bundles.Bundle; ``engine``: engines.Engine that holds its networks."""

    bundle: object
    engine: object
    codec: Codec
    prompts: Prompts
    speech: Speech
    codes: dict[str, int]
    """stream -> size of its codebook, in the order in which the engine takes them"""
    sampling: SamplingConfig

    @property
    def rate(self) -> float:
        """Codes a second."""
        return float(self.codec.fps) / FRAMES_PER_CODE

    @cached_property
    def most(self) -> int:
        """Codes of the longest motion."""
        longest = math.ceil(LIMITS.max_seconds * self.rate)
        return min(longest, self.speech.vocabulary.lengths) if self.prompts.lengths == "tokens" else longest

    @cached_property
    def fewest(self) -> int:
        """Codes of the shortest motion."""
        return min(math.ceil(LIMITS.min_seconds * self.rate), self.most)

    @cached_property
    def words(self) -> list[int]:
        """The ids that stand for text: not the control tokens, nor rows of the embedding that stand for nothing."""
        return [number for number in range(self.speech.vocabulary.text_size) if self._is_text(number)]

    def _is_text(self, number: int) -> bool:
        try:
            # twice, because some tokenizers leave out a space at the beginning of a text
            return bool(self.engine.decode_text([number, number]))
        except ValueError:
            return False

    def codes_for(self, seconds: float) -> int:
        """The fewest codes that cover so long a motion; RequestError where the model makes none so long."""
        count = max(math.ceil(seconds * self.rate - 1e-9), 1)
        if count > self.most:
            longest = self.most / self.rate
            raise RequestError(
                "bad_seconds",
                f"{seconds:g} seconds were asked for, bundle {self.bundle.name} makes at most {longest:g}",
                f"Set the length to {longest:g} seconds or less.",
            )
        return count

    def encode(self, motion: Motion) -> tuple[np.ndarray, ...]:
        """A motion on the codec's skeleton, at its rate -> codes (N,) of each stream."""
        return tuple(codes[0] for codes in self.engine.encode(self.codec.encode(motion)[None]))

    def key_codes(self, poses: Motion) -> np.ndarray:
        """The code (K,) of each pose, in the first stream."""
        return key_poses.key_tokens(poses, self.engine.encode, self.codec)[0]


def model_of(bundle, engine, spelling: str) -> Model:
    """BundleError for a bundle whose parts do not fit together, or that spells codes in another way."""
    vocabulary, motion, _ = configs(bundle)
    worded = prompts.of_bundle(bundle)
    if worded.spelling != spelling:
        raise BundleError(
            f"bundle {bundle.name} writes codes as {worded.spelling}, system {bundle.system} needs {spelling}"
        )
    if spelling == "tokens" and worded.marks != vocabulary.marks:
        # rows of the embedding in this order: in another each mark would be read as another one
        raise BundleError(
            f"bundle {bundle.name} has the marks {' '.join(vocabulary.marks)} in config.vocabulary and "
            f"{' '.join(worded.marks)} in its prompts; they must be the same in the same order"
        )
    unworded = [task for task in bundle.tasks if task not in worded.tasks]
    if unworded:
        raise BundleError(
            f"bundle {bundle.name} has prompts without the tasks {', '.join(unworded)}; they have "
            f"{', '.join(worded.tasks)}"
        )
    codec = _codec(bundle)
    found, needed = (motion.frames_per_code, motion.input_width), (FRAMES_PER_CODE, codec.width)
    if found != needed:
        raise BundleError(
            f"bundle {bundle.name} has {found[0]} frames of {found[1]} features a code; needed are {needed[0]} of "
            f"{needed[1]}"
        )
    speech = Speech(vocabulary, engine.text, engine.encode_text, engine.spelled)
    codes = dict.fromkeys(motion.streams, motion.codes)
    return Model(bundle, engine, codec, worded, speech, codes, config_of(bundle, "sampling", SamplingConfig))


def _codec(bundle) -> Codec:
    name, fps = bundle.features.get("codec"), bundle.features.get("fps")
    codec = CODECS.get(name) if isinstance(name, str) else None
    if codec is None or fps != codec.fps:
        known = ", ".join(f"{c.name} at {float(c.fps):g}" for c in CODECS.values())
        raise BundleError(f"bundle {bundle.name} has features {shown(name)} at {shown(fps)} fps; known are {known}")
    return codec
