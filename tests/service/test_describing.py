"""A measured motion in one sentence."""

from dataclasses import replace

import numpy as np
import pytest

from backend.motion.motion import Motion
from backend.motion.skeleton import canonical
from backend.service import describing


@pytest.mark.parametrize(("steps", "sentence"), [(1, "A person takes 1 step."), (2, "A person takes 2 steps.")])
def test_steps_are_counted_in_words(monkeypatch, steps, sentence):
    measure = describing.measure
    monkeypatch.setattr(describing, "measure", lambda motion: replace(measure(motion), steps=steps))
    monkeypatch.setattr(describing, "caption_keys", lambda facts: ["steps"])
    still = Motion(canonical(), np.tile([0.0, 0.95, 0.0], (30, 1)), np.tile([1.0, 0, 0, 0], (30, 22, 1)))
    assert describing.describe(still)["sentence"] == sentence
