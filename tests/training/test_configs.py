from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from training.configs import made


@dataclass(frozen=True)
class Part:
    size: int = 1
    spans: tuple[float, float] = (0.0, 1.0)

    def __post_init__(self):
        if self.size < 1:
            raise ValueError(f"'size' must be 1 or more, got {self.size}")


@dataclass
class Whole:
    rate: float = 0.1
    name: str | None = None
    part: Part | None = None
    shares: Mapping[str, float] = field(default_factory=dict)
    steps: tuple[int, ...] = ()
    sure: bool = False


def test_what_json_says_becomes_the_dataclasses():
    got = made(Whole, {"rate": 1, "part": {"spans": [0, 0.5]}, "shares": {"a": 2}, "steps": [3, 4], "sure": True})
    assert got == Whole(1, None, Part(1, (0, 0.5)), {"a": 2}, (3, 4), True)
    assert made(Whole, {"part": Part(7), "name": None}).part.size == 7


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"speed": 1}, "Whole has no field 'speed'; known: rate, name, part"),
        ({"rate": True}, "'rate' must be float, got True"),
        ({"name": 3}, "'name' must be str, got 3"),
        ({"sure": 1}, "'sure' must be bool, got 1"),
        ({"part": 3}, "'part' must be an object with fields of Part, got 3"),
        ({"part": {"length": 3}}, "Part has no field 'part.length'; known: size, spans"),
        ({"part": {"size": 0}}, "'part': 'size' must be 1 or more, got 0"),
        ({"part": {"spans": [1]}}, "'part.spans' must be a list of 2, got"),
        ({"part": {"spans": [1, "x"]}}, r"'part.spans\[1\]' must be float, got 'x'"),
        ({"shares": {"a": "x"}}, "'shares.a' must be float, got 'x'"),
        ({"shares": [1]}, "'shares' must be an object, got"),
        ({"steps": 3}, "'steps' must be a list, got 3"),
        ([1], "^settings must be an object with fields of Whole"),
    ],
)
def test_errors_name_the_field(fields, match):
    with pytest.raises(ValueError, match=match):
        made(Whole, fields)
