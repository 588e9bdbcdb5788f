"""What the starter's recipe leaves behind, made of nothing: a random tokenizer and captioned codes."""

import numpy as np
import pytest

CODES = 16


@pytest.fixture
def runs(tmp_path):
    """A folder of runs: ``tokenizer`` and the items of two splits, whose captions say what their codes are."""
    pytest.importorskip("torch")
    from tests import tiny_bundle
    from training.language import items

    folder = tmp_path / "runs"
    tiny_bundle.build(folder / "tokenizer")
    rng = np.random.default_rng(0)
    for split, count in (("train", 12), ("val", 3)):
        items.write(folder / f"items_{split}.jsonl", [item(rng) for _ in range(count)])
    return folder


def item(rng):
    """One code, again and again."""
    from training.language.items import Item, Variant

    code, length = int(rng.integers(CODES)), int(rng.integers(4, 9))
    codes = np.full(length, code)
    return Item([f"a person does move {'abcdefghijklmnop'[code]}"], [Variant({"motion": codes}, codes.copy())])
