"""An engine of a few lines of numpy: its logits depend on the tokens so far and its codes mean poses one can read."""

import numpy as np

from backend.bundles import Bundle
from backend.motion import rotations as rot
from backend.motion.features import ms272
from backend.motion.motion import Motion
from backend.motion.skeleton import canonical
from backend.systems import prompts

TEXT_SIZE = 60
CODES = 9
STEP = 1.3 / 30  # metres a frame of a code that walks
TABOO = 50.0  # far more than any legal token gets: only the grammar keeps these out


def bundle(**changes) -> Bundle:
    """A manifest as a bundle of the fake engine would have; ``changes`` replace its fields."""
    model = {"text_size": TEXT_SIZE, "codes": CODES, "positions": 160, "lengths": prompts.MAX_CODES}
    fields = {
        "path": None, "name": "fake", "version": "1", "system": "motiongpt2", "tasks": ("text_to_motion",),
        "engines": ("torch",), "prompt_version": prompts.VERSION, "features": {"codec": "ms272", "fps": 30},
        "config": {"language_model": model, "motion_tokenizer": {"codes": CODES}, "sampling": {}},
        "licence": "none", "training_data": (), "acknowledgement": "", "metrics": {}, "files": {},
    }  # fmt: skip
    return Bundle(**(fields | changes))


class FakeEngine:
    """``lean`` (CODES,) is added to the codes' logits; ``prompts``, ``steps`` and ``decoded`` keep what was asked."""

    name, device = "fake", "cpu"
    vocabulary = prompts.Vocabulary(TEXT_SIZE, CODES)

    def __init__(self, lean=0.0, heading: float = 0.0):
        self.lean, self.heading = lean, heading
        self.prompts, self.steps, self.decoded = [], [], []

    def encode_text(self, text):
        return [5 + sum(word.encode()) % (TEXT_SIZE - 5) for word in text.split(" ")]

    def start(self, rows):
        self.prompts.append([list(row) for row in rows])
        state = [list(row) for row in rows]
        return self._logits(state), state

    def step(self, state, tokens):
        assert len(tokens) == len(state)
        self.steps.append(np.array(tokens))
        for row, token in zip(state, tokens, strict=True):
            row.append(int(token))
        return self._logits(state)

    def _logits(self, state):
        v = self.vocabulary
        out = np.full((len(state), v.motion.stop), TABOO, np.float32)
        for logits, row in zip(out, state, strict=True):
            rng = np.random.default_rng(row)
            given = any(v.lengths.start <= token < v.lengths.stop for token in row)
            if not given:
                logits[v.lengths] = rng.normal(size=prompts.MAX_CODES)
            else:
                logits[v.motion] = rng.normal(size=CODES) + self.lean
        return out

    def decode(self, codes):
        """Code 0 stands, 1 walks ahead, 2 walks and lifts the right arm, 3 turns, 4 hovers half a metre up, 5 sinks,
        6 and 7 bend the knees, 8 sits with level thighs."""
        codes = np.asarray(codes)
        self.decoded += [row[None] for row in codes]
        return np.stack([ms272.encode(self._motion(np.repeat(row, prompts.FRAMES_PER_CODE))) for row in codes])

    def _motion(self, codes):
        skeleton = canonical()
        turns = np.zeros((len(codes), 22, 3))
        turns[codes == 2, skeleton.index("right_shoulder"), 2] = -1.4
        for code, degrees in ((6, (-30, 60, -30)), (7, (-50, 100, -50)), (8, (-90, 90, 0))):
            for joint, angle in zip(("hip", "knee", "ankle"), np.deg2rad(degrees), strict=True):
                for side in ("left", "right"):
                    turns[codes == code, skeleton.index(f"{side}_{joint}"), 0] = angle
        yaw = self.heading + np.cumsum(0.05 * (codes == 3))
        turns[:, 0, 1] = yaw
        height = skeleton.hip_height + 0.5 * (codes == 4) - 0.3 * (codes == 5)
        ahead = np.stack([np.sin(yaw), np.zeros(len(codes)), np.cos(yaw)], axis=1)
        path = np.cumsum(STEP * ahead * np.isin(codes, (1, 2))[:, None], axis=0)
        return Motion(skeleton, path + height[:, None] * np.array([0.0, 1.0, 0.0]), rot.exp(turns), ms272.FPS)

    def encode(self, features):
        raise NotImplementedError("text to motion does not ask for it")


def only(*codes) -> np.ndarray:
    """``lean`` towards these codes alone."""
    return np.where(np.isin(np.arange(CODES), codes), 0.0, -TABOO)
