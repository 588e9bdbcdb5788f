from pathlib import Path

import numpy as np
import pytest

from backend.motion.features.fingerprint import fingerprint
from backend.motion.features.guo_skeleton import layout
from backend.motion.features.normalisation import FINGERPRINTS, Normalisation, expect, published

SAMPLE = Path(__file__).parents[3] / "shared" / "data" / "humanml3d"


@pytest.mark.parametrize(
    ("name", "width"), [("humanml3d-a", 263), ("humanml3d-b", 263), ("humanml3d-c", 263), ("kit-b", 251)]
)
def test_committed_sets_have_their_fingerprints(name, width):
    found = published(name)
    assert found.fingerprint == FINGERPRINTS[name]
    assert found.mean.shape == found.std.shape == (width,) and found.mean.dtype == np.float32
    assert not found.mean.flags.writeable and not found.std.flags.writeable
    expect(found, FINGERPRINTS[name])


def test_the_sets_differ_as_the_papers_say():
    a, b = published("humanml3d-a"), published("humanml3d-b")
    assert a.std[[0, 1, 3, 262]] == pytest.approx([0.01283, 0.01693, 0.15377, 0.35593], abs=1e-5)
    assert b.std[[0, 1, 3, 262]] == pytest.approx([0.000515, 0.000677, 0.00612, 0.01409], rel=2e-3)
    assert (a.mean[3], b.mean[3]) == pytest.approx((0.93855, 0.91752), abs=1e-5)
    assert np.abs(a.mean - b.mean).max() == pytest.approx(0.0276, abs=1e-4)


def test_only_tmr_has_a_deviation_for_every_number():
    joints = {"humanml3d-a": 22, "humanml3d-b": 22, "humanml3d-c": 22, "kit-b": 21}
    kinds = {
        name: [len(np.unique(published(name).std[block])) for block in layout(joints[name]).values()] for name in joints
    }
    for name in ("humanml3d-a", "humanml3d-b", "kit-b"):
        assert kinds[name] == [1] * 7
    assert kinds["humanml3d-c"][1] == 2 and min(kinds["humanml3d-c"][3:6]) > 50


def test_kit_is_in_millimetres_with_the_small_deviations_of_its_evaluator():
    kit = published("kit-b")
    assert kit.mean[2:4] == pytest.approx([16.578, 559.62], abs=0.01)
    assert kit.std[[0, 1, 3, 250]] == pytest.approx([0.00099, 1.173, 4.586, 0.00527], rel=5e-3)


@pytest.mark.parametrize("letter", ["A", "B"])
def test_committed_numbers_are_the_published_ones(letter):
    if not (SAMPLE / "set_A_mean.npy").exists():
        pytest.skip(f"no statistics of HumanML3D in {SAMPLE}")
    found = published(f"humanml3d-{letter.lower()}")
    for field in ("mean", "std"):
        theirs = np.load(SAMPLE / f"set_{letter}_{field}.npy").astype(np.float32)
        assert np.array_equal(getattr(found, field), theirs)


def test_the_wrong_set_is_an_error_that_names_both():
    with pytest.raises(ValueError, match=r"expected humanml3d-b \(.*got humanml3d-a \("):
        expect(published("humanml3d-a"), FINGERPRINTS["humanml3d-b"])
    own = Normalisation("walks", np.zeros(3), np.ones(3))
    with pytest.raises(ValueError, match=r"expected humanml3d-c \(.*got an unpublished set .*'walks'"):
        expect(own, FINGERPRINTS["humanml3d-c"])
    with pytest.raises(ValueError, match="said by its fingerprint, got None"):
        expect(own, None)


def test_apply_and_undo():
    rows = np.random.default_rng(0).normal(size=(2, 5, 263)).astype(np.float32)
    for name in ("humanml3d-a", "humanml3d-b", "humanml3d-c"):
        found = published(name)
        scaled = found.apply(rows)
        assert scaled.dtype == np.float32
        assert np.abs(found.undo(scaled) - rows).max() < 1e-5
        assert np.array_equal(found.undo(np.zeros(263, np.float32)), found.mean)


def test_the_fingerprint_is_that_of_bundles():
    found = published("humanml3d-a")
    assert found.fingerprint == fingerprint(found.mean, found.std)
    as_double = Normalisation("double", found.mean.astype(float), found.std.astype(float))
    assert as_double.fingerprint == found.fingerprint


def test_errors():
    with pytest.raises(ValueError, match="'kit'; known: humanml3d-a, humanml3d-b, humanml3d-c, kit-b"):
        published("kit")
    with pytest.raises(ValueError, match="mean has 3 numbers, std has 2"):
        Normalisation("x", np.zeros(3), np.ones(2))
    with pytest.raises(ValueError, match="must be positive: 1 numbers are not"):
        Normalisation("x", np.zeros(2), np.array([1.0, 0.0]))
    with pytest.raises(ValueError, match="finite"):
        Normalisation("x", np.array([np.nan]), np.ones(1))
    with pytest.raises(ValueError, match=r"rows of 263 numbers, got \(2, 251\)"):
        published("humanml3d-a").apply(np.zeros((2, 251)))
