"""An engine of a few lines of numpy: its logits depend on the tokens so far and its codes mean poses one can read."""

from functools import cache
from pathlib import Path

import numpy as np

from backend.bundles import Bundle
from backend.motion import rotations as rot
from backend.motion.features import ms272
from backend.motion.motion import Motion
from backend.motion.skeleton import canonical
from backend.systems import prompts
from backend.systems.vocabulary import FRAMES_PER_CODE, MAX_CODES, OURS, Vocabulary

TEXT_SIZE = 60
CODES = 9
STEP = 1.3 / 30  # metres a frame of a code that walks
TABOO = 50.0  # far more than any legal token gets: only the grammar keeps these out
LONGEST = 256
ALL_TASKS = tuple(task for task in prompts.TASKS if task != "holistic")
SPELLED = dict(zip("0123456789,", range(5, 16), strict=True))


def vocabulary(wording: str = "compact") -> Vocabulary:
    asked = prompts.load(wording)
    if asked.spelling == "digits":
        return Vocabulary(TEXT_SIZE)
    return Vocabulary(TEXT_SIZE, asked.marks, MAX_CODES if asked.lengths == "tokens" else 0, (("motion", CODES),))


class FakeBundle(Bundle):
    """``path`` is the file of its prompts, the only file that anybody asks for."""

    def file(self, name: str) -> Path:
        assert name == prompts.FILE
        return self.path


def bundle(wording: str = "compact", **changes) -> FakeBundle:
    """A manifest as a bundle of the fake engine would have; ``changes`` replace its fields."""
    asked, words = prompts.load(wording), vocabulary(wording)
    config = {
        "vocabulary": words.to_dict(), "prompts": asked.to_config(),
        "language_model": {"text_size": TEXT_SIZE, "added": words.added},
        "motion_tokenizer": {"codes": CODES}, "sampling": {"guidance": 2.0},
    }  # fmt: skip
    fields = {
        "path": Path(prompts.__file__).parent / f"{wording}.json", "name": "fake", "version": "1",
        "system": "motiongpt2" if asked.spelling == "tokens" else "motiongpt",
        "tasks": tuple(task for task in ALL_TASKS if task in asked.tasks), "engines": ("torch",),
        "prompt_version": asked.version, "features": {"codec": "ms272", "fps": 30}, "config": config,
        "licence": "none", "training_data": (), "acknowledgement": "", "metrics": {}, "files": {},
    }  # fmt: skip
    return FakeBundle(**(fields | changes))


class FakeEngine:
    """``lean`` (CODES,) is added to the codes' logits; ``prompts``, ``steps`` and ``decoded`` keep what was asked."""

    name, device, text = "fake", "cpu", OURS

    def __init__(self, lean=0.0, heading: float = 0.0, wording: str = "compact", longest: int = LONGEST):
        self.lean, self.heading, self.longest = lean, heading, longest
        self.vocabulary = vocabulary(wording)
        self.prompts, self.steps, self.decoded = [], [], []

    def encode_text(self, text):
        return [16 + sum(word.encode()) % (TEXT_SIZE - 16) for word in text.split(" ")]

    def decode_text(self, ids):
        return " ".join(f"word{number}" for number in ids if number > 2)

    def spelled(self, characters):
        return [SPELLED[character] for character in characters]

    def start(self, rows, tokens, steps):
        self.prompts.append([list(row) for row in rows])
        assert max(map(len, rows)) + steps <= self.longest
        self._left = steps
        state = [list(row) for row in rows], tokens
        return self._logits(*state), state

    def step(self, state, tokens):
        rows, wanted = state
        assert len(tokens) == len(rows) and self._left > 0
        self._left -= 1
        self.steps.append(np.array(tokens))
        for row, token in zip(rows, tokens, strict=True):
            row.append(int(token))
        return self._logits(rows, wanted)

    def _logits(self, rows, tokens):
        v = self.vocabulary
        out = np.full((len(rows), v.size), TABOO, np.float32)
        for logits, row in zip(out, rows, strict=True):
            rng = np.random.default_rng(row)
            if not v.streams:
                logits[:] = rng.normal(size=v.size)
            elif any(v.lengths_slice.start <= token < v.lengths_slice.stop for token in row) or not v.lengths:
                logits[v.codes("motion")] = rng.normal(size=CODES) + self.lean
            else:
                logits[v.lengths_slice] = rng.normal(size=v.lengths)
        return out[:, tokens]

    def decode(self, codes):
        """Code 0 stands, 1 walks ahead, 2 walks and lifts the right arm, 3 turns, 4 hovers half a metre up, 5 sinks,
        6 and 7 bend the knees, 8 sits with level thighs."""
        codes = np.asarray(codes)
        self.decoded += [row[None] for row in codes]
        return np.stack([ms272.encode(motion(np.repeat(row, FRAMES_PER_CODE), self.heading)) for row in codes])

    def encode(self, features):
        """The codes (B, T // 4) whose rows are nearest, by rotations, height and speed of each four frames' last."""
        rows = np.asarray(features)[:, FRAMES_PER_CODE - 1 :: FRAMES_PER_CODE]
        return (np.linalg.norm(_seen(rows)[..., None, :] - prototypes(), axis=-1).argmin(axis=-1),)


def _seen(rows):
    return np.concatenate(
        [rows[..., ms272.ROTATIONS], 3 * rows[..., [ms272.HEIGHT]], 30 * rows[..., ms272.VELOCITY]], axis=-1
    )


@cache
def prototypes():
    """What ``encode`` compares, of each code (CODES, n)."""
    return np.stack([_seen(ms272.encode(motion(np.full(8, code)))[-1]) for code in range(CODES)])


def motion(codes, heading: float = 0.0) -> Motion:
    """A motion at 30 fps of one code a frame."""
    skeleton = canonical()
    turns = np.zeros((len(codes), 22, 3))
    turns[codes == 2, skeleton.index("right_shoulder"), 2] = -1.4
    for code, degrees in ((6, (-30, 60, -30)), (7, (-50, 100, -50)), (8, (-90, 90, 0))):
        for joint, angle in zip(("hip", "knee", "ankle"), np.deg2rad(degrees), strict=True):
            for side in ("left", "right"):
                turns[codes == code, skeleton.index(f"{side}_{joint}"), 0] = angle
    yaw = heading + np.cumsum(0.05 * (codes == 3))
    turns[:, 0, 1] = yaw
    height = skeleton.hip_height + 0.5 * (codes == 4) - 0.3 * (codes == 5)
    ahead = np.stack([np.sin(yaw), np.zeros(len(codes)), np.cos(yaw)], axis=1)
    path = np.cumsum(STEP * ahead * np.isin(codes, (1, 2))[:, None], axis=0)
    return Motion(skeleton, path + height[:, None] * np.array([0.0, 1.0, 0.0]), rot.exp(turns), ms272.FPS)


def only(*codes) -> np.ndarray:
    """``lean`` towards these codes alone."""
    return np.where(np.isin(np.arange(CODES), codes), 0.0, -TABOO)
