"""Captioned codes on disk."""

import numpy as np
import pytest

from training.language.items import Item, Variant, read, write

SOME = [
    Item(["a person walks", "walking"], [Variant({"motion": np.array([3, 1, 2])}, np.array([5, -1, 2]))], 0.5),
    Item(["wave"], [Variant({"body": np.array([1]), "hands": np.array([0])})]),
]


def test_come_back_as_they_were(tmp_path):
    write(tmp_path / "new" / "items.jsonl", SOME)
    found = read(tmp_path / "new" / "items.jsonl")
    assert [i.captions for i in found] == [i.captions for i in SOME] and [i.weight for i in found] == [0.5, 1.0]
    np.testing.assert_array_equal(found[0].variants[0].codes["motion"], [3, 1, 2])
    np.testing.assert_array_equal(found[0].variants[0].keys, [5, -1, 2])
    assert found[1].variants[0].keys is None and set(found[1].variants[0].codes) == {"body", "hands"}
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["items.jsonl"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2"),
        ('{"captions": [], "variants": [{"codes": {"motion": [1]}}]}', "needs captions"),
        ('{"captions": ["a"], "variants": []}', "needs captions"),
        ('{"captions": ["a"], "variants": [{"codes": {}}]}', "same number of codes"),
        ('{"captions": ["a"], "variants": [{"codes": {"body": [1], "hands": [1, 2]}}]}', "same number of codes"),
        ('{"captions": ["a"]}', "'variants'"),
        ("[]", "line 2"),
        ('{"captions": "a", "variants": [{"codes": {"motion": [1]}}]}', "a list of texts"),
        ('{"captions": ["a"], "variants": [{"codes": {"motion": [1.7]}}]}', "line 2.*'motion' must be whole.*got 1.7"),
        ('{"captions": ["a"], "variants": [{"codes": {"motion": [true]}}]}', "got True"),
        ('{"captions": ["a"], "variants": [{"codes": {"motion": [99999]}}]}', "got 99999"),
        ('{"captions": ["a"], "variants": [{"codes": {"motion": [1, 2]}, "keys": [1]}]}', "as many as the codes, 2"),
        ('{"captions": ["a"], "variants": [{"codes": {"motion": [1]}, "keys": [-2]}]}', "'keys' must be whole"),
        ('{"captions": ["a"], "variants": [{"codes": {"motion": [1]}}], "weight": -1}', "'weight' must be a number"),
        ('{"captions": ["a"], "variants": [{"codes": {"motion": [1]}}], "weight": NaN}', "'weight' must be a number"),
    ],
)
def test_the_line_that_is_no_item_is_named(tmp_path, line, said):
    path = tmp_path / "items.jsonl"
    write(path, SOME[:1])
    with path.open("a") as file:
        file.write(line + "\n")
    with pytest.raises(ValueError, match=said):
        read(path)


def test_nothing_is_no_items(tmp_path):
    (tmp_path / "items.jsonl").write_text("\n")
    with pytest.raises(ValueError, match="holds no items"):
        read(tmp_path / "items.jsonl")
