"""Motions as codes for the language stages: what training is given is what serving will give."""

import numpy as np
import pytest

pytest.importorskip("torch")

from backend.models.config import PartVQVAEConfig, VQVAEConfig  # noqa: E402
from backend.models.part_vqvae import motion_tokenizer  # noqa: E402
from backend.motion.features.codec import codec  # noqa: E402
from backend.motion.motion import Motion  # noqa: E402
from backend.motion.skeleton import canonical  # noqa: E402
from backend.systems.key_poses import held, key_tokens  # noqa: E402
from training.coding import Coder, at  # noqa: E402
from training.data import language_set  # noqa: E402
from training.language.items import UNKNOWN  # noqa: E402
from training.tokenizer_eval import Tokenizer  # noqa: E402


def walk(frames: int, seed: int = 0) -> Motion:
    rng = np.random.default_rng(seed)
    skeleton = canonical()
    turns = np.cumsum(rng.normal(scale=0.05, size=(frames, 22, 4)), axis=0)
    turns[..., 0] += 1.0
    turns /= np.linalg.norm(turns, axis=-1, keepdims=True)
    root = np.cumsum(rng.normal(scale=0.01, size=(frames, 3)), axis=0) + [0, skeleton.hip_height, 0]
    return Motion(skeleton, root, turns, 30)


@pytest.fixture(scope="module")
def coder() -> Coder:
    import torch

    torch.manual_seed(0)
    model = motion_tokenizer(VQVAEConfig(input_width=272, width=16, code_width=8, codes=32, dilations=(3, 1))).eval()
    model.quantizer.codebook.normal_(std=0.1)
    return Coder(Tokenizer(model, np.zeros(272, np.float32), np.ones(272, np.float32), codec("ms272")))


def test_whole_motions_become_codes_one_for_four_frames(coder):
    rows = [coder.codec.encode(walk(n)) for n in (40, 43, 9)]
    found = coder.codes(rows)
    assert [len(c["motion"]) for c in found] == [10, 10, 2] and coder.streams == (("motion", 32),)
    np.testing.assert_array_equal(found[0]["motion"], coder.encode(rows[0][None])[0][0])


def test_key_tokens_are_those_of_serving(coder):
    motion = walk(30)
    poses = [at(motion, np.array([0, 17])), at(motion, np.array([29]))]
    first, second = coder.keys(poses)
    (alone,) = key_tokens(poses[1], coder.encode, coder.codec)
    assert len(first) == 2 and second.tolist() == alone.tolist()
    (codes,) = coder.encode(held(poses[1], coder.codec))
    assert second[0] == codes[0, 8]


def test_two_streams_have_no_key_poses():
    config = PartVQVAEConfig(width=8, code_width=4, codes=8, dilations=(1,))
    both = Coder(Tokenizer(motion_tokenizer(config).eval(), np.zeros(623), np.ones(623), codec("motionx623")))
    assert both.streams == (("body", 8), ("hands", 8))
    assert both.keys([walk(5)]) == [None]
    assert set(both.codes([np.zeros((16, 623), np.float32)])[0]) == {"body", "hands"}


def test_records_become_items_with_the_keys_of_their_first_motion(coder):
    said = [{"text": "a person walks", "slots": {}}, {"text": "walking", "slots": {}}]
    records = [
        language_set.Record(said, [walk(60), walk(58)], 0.25),
        language_set.Record(said[:1], [walk(6, seed=1)], 0.75),
    ]
    items = language_set.coded(records, coder)
    assert [i.captions for i in items] == [["a person walks", "walking"], ["a person walks"]]
    assert [i.weight for i in items] == [0.25, 0.75]
    assert [len(v) for v in items[0].variants] == [15, 14]
    keys = items[0].variants[0].keys
    known = np.flatnonzero(keys != UNKNOWN)
    assert {0, 14} <= set(known) and len(known) >= 3 and items[0].variants[1].keys is None
    whole = key_tokens(walk(60), coder.encode, coder.codec)[0]
    assert all(keys[place] in whole[4 * place : 4 * place + 4] for place in known)
    assert len(items[1].variants[0]) == 7  # six frames are held for a second
