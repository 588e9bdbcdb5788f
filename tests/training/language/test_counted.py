"""Steps of as many samples as a paper says."""

import pytest

pytest.importorskip("torch")

from tests.training.language.test_examples import COMPACT, ITEMS, SPEECH, TASKS, same  # noqa: E402
from training.language.counted import Counted  # noqa: E402
from training.language.examples import Examples, Mixture  # noqa: E402

SAMPLES, TOKENS = 12, 100


def counted(place=(0, 0), rank=0, world=1) -> Counted:
    examples = Examples(COMPACT, SPEECH, Mixture(dict.fromkeys(TASKS, 1)), 256)
    return Counted(SAMPLES, ITEMS, examples, TOKENS, 3, place, rank, world, pool=40)


def rows(batches) -> list[tuple]:
    return [tuple(ids[: int((targets != -100).nonzero().max()) + 1].tolist())
            for some in batches for ids, targets in zip(some.ids, some.targets, strict=True)]  # fmt: skip


@pytest.mark.parametrize("world", [2, 3, 4])
def test_processes_share_the_samples_of_a_step(world):
    alone, together = counted(), [counted(rank=rank, world=world) for rank in range(world)]
    for _ in range(5):  # into the second pool
        steps = [one.step(1) for one in together]
        assert {sum(len(some.ids) for some in step) for step in steps} == {SAMPLES // world}
        assert len({len(step) for step in steps}) == 1  # as many micro-batches each
        assert all(some.ids.numel() <= TOKENS or len(some.ids) == 1 for step in steps for some in step)
        assert sorted(row for step in steps for row in rows(step)) == sorted(rows(alone.step(1)))
    assert alone.place == together[0].place == (1, 2)


def test_it_goes_on_where_another_was():
    one = counted()
    for _ in range(4):
        one.step(1)
    other = counted(one.place)
    assert all(same(a, b) for a, b in zip(one.step(1), other.step(1), strict=True))


def test_processes_that_cannot_share_are_refused():
    with pytest.raises(ValueError, match="12 samples a step.*by 5 processes.*--processes"):
        counted(world=5)
