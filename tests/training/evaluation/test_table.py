"""A table for people and for programs."""

import json

from training.evaluation.table import Table, mean


def test_table():
    table = Table("Key poses", "given", {"initial": {"text": 31.26, "ratio": 0.5}, "last": {"ratio": None}}, "Lower.")
    assert table.markdown().split("\n") == [
        "### Key poses", "",
        "| given | text | ratio |", "|---|---:|---:|",
        "| initial | 31.3 | 0.500 |", "| last |  |  |", "",
        "Lower.",
    ]  # fmt: skip
    assert json.loads(json.dumps(table.to_dict()))["rows"] == {**table.rows}


def test_mean():
    assert mean([{"a": 1.0, "b": 0.0}, {"a": 2.0, "b": 0.5}]) == {"a": 1.5, "b": 0.25}
