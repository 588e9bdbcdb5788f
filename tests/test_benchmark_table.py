"""What the tables of the benchmarks ask for."""

import pytest

from benchmarks.table import Compared, Row, limit


@pytest.mark.parametrize(
    ("unit", "asked"), [("s", "<= 20 s"), ("MiB", "<= 20 MiB"), ("frames/s", ">= 20 frames/s"), ("x", ">= 20 x")]
)
def test_times_are_at_most_rates_at_least(unit, asked):
    assert limit(Row("something", 1.0, unit, wanted=20)) == asked
    assert limit(Compared("something", {}, unit, wanted=20)) == asked
    assert limit(Row("something", 1.0, unit)) == ""
