"""Captioned clips of a data set as codes."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch")

from backend.models.config import VQVAEConfig  # noqa: E402
from backend.models.part_vqvae import motion_tokenizer  # noqa: E402
from backend.motion.features.codec import codec  # noqa: E402
from training.coding import Coder  # noqa: E402
from training.data import coded_set  # noqa: E402
from training.data.caption_lines import CaptionLine  # noqa: E402
from training.data.index import Record  # noqa: E402
from training.data.representation import representation  # noqa: E402
from training.language.items import UNKNOWN  # noqa: E402
from training.tokenizer_eval import Tokenizer  # noqa: E402

from .conftest import walk  # noqa: E402


class Set:
    """Two clips in memory as an open data set has them."""

    folder = "made"

    def __init__(self, name: str, captions):
        self.representation = representation(name)
        lines = [tuple(captions), ()]
        self.records = [Record(f"c{i}", "made", "s", "walk", "train", 0, 0, 120, lines[i]) for i in (0, 1)]

    def of(self, split):
        return [r for r in self.records if r.split == split]

    def arrays(self, record):
        return self.representation.encode(walk(4.0))

    def motion(self, record):
        return self.representation.decode(self.arrays(record))


def coder(name: str) -> Coder:
    rows = codec(name)
    model = motion_tokenizer(VQVAEConfig(input_width=rows.width, width=8, code_width=4, codes=16, dilations=(1,)))
    model.quantizer.codebook.normal_()
    return Coder(Tokenizer(model.eval(), np.zeros(rows.width, np.float32), np.ones(rows.width, np.float32), rows))


CAPTIONS = [CaptionLine("a person walks"), CaptionLine("walking"), CaptionLine("one step", (), 1.0, 2.0)]


@pytest.mark.parametrize("name", ["motion", "ms272"])
def test_every_stretch_that_was_captioned_is_an_item(name):
    whole, part = coded_set.items_of(Set(name, CAPTIONS), "train", coder("ms272"))
    assert whole.captions == ["a person walks", "walking"] and part.captions == ["one step"]
    assert len(whole.variants[0]) == 30 and len(part.variants[0]) == 7
    known = np.flatnonzero(part.variants[0].keys != UNKNOWN)
    assert {0, 6} <= set(known) and len(known) >= 3


def test_rows_at_another_rate():
    (item,) = coded_set.items_of(Set("motion", CAPTIONS[:1]), "train", coder("humanml263"))
    assert len(item.variants[0]) == 19  # 79 rows of 20 a second


def test_what_does_not_fit_is_said():
    with pytest.raises(ValueError, match="no captions in its split 'train'"):
        coded_set.items_of(Set("motion", []), "train", coder("ms272"))
    hands = SimpleNamespace(representation=representation("motion_hands"), folder="made")
    with pytest.raises(ValueError, match="reads motions of smpl22, made keeps smplx52"):
        coded_set.items_of(hands, "train", coder("ms272"))
