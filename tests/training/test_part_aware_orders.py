"""The comparison of orders: its motions are what they are said to be, and it runs through for every order."""

import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from backend.motion import kinematics  # noqa: E402
from backend.motion import rotations as rot  # noqa: E402
from backend.motion.features import motionx623  # noqa: E402
from backend.motion.skeleton import canonical  # noqa: E402
from training.data import made_hands  # noqa: E402
from training.recipes import part_aware_orders  # noqa: E402

SKELETON = canonical("smplx52")


def bends(motion, side: str, finger: str) -> np.ndarray:
    """(T,) how far a finger is bent at its first joint, radians."""
    return 2 * np.arccos(np.clip(motion.rotations[:, SKELETON.index(f"{side}_{finger}1"), 0], -1, 1))


def test_a_seed_is_a_motion_and_another_seed_another():
    one, again, other = (made_hands.motion(seed, frames=40) for seed in (3, 3, 4))
    assert np.array_equal(one.rotations, again.rotations) and np.array_equal(one.root, again.root)
    assert not np.array_equal(one.rotations, other.rotations)
    assert motionx623.encode(one).shape == (39, 623)


def test_hands_follow_the_body_and_what_is_free_does_not():
    for seed in range(8):
        tied = made_hands.motion(seed, free=0.0)
        for side in ("left", "right"):  # one hand shape at each moment: fingers of equal bend stay equal
            assert np.allclose(bends(tied, side, "middle"), bends(tied, side, "ring"))
        loose = made_hands.motion(seed, free=0.3)
        assert np.array_equal(tied.rotations[:, :22], loose.rotations[:, :22])
        assert np.abs(bends(loose, "left", "middle") - bends(loose, "left", "ring")).max() > 0.01


def test_fists_are_closed_towards_the_palm():
    """Palms are down at rest, so a bent finger's tip lies below its first joint where the arm is level."""
    motion = made_hands.motion(0)
    rotations = motion.rotations.copy()
    rotations[:, :22] = rot.IDENTITY
    positions = kinematics.joint_positions(replace(motion, rotations=rotations))
    for side in ("left", "right"):
        knuckle, tip = (SKELETON.index(f"{side}_middle{n}") for n in (1, 3))
        assert (positions[:, tip, 1] < positions[:, knuckle, 1] + 0.02).all()
        assert (positions[:, tip, 1] < positions[:, knuckle, 1] - 0.01).any()


def test_every_order_is_compared_on_motions_that_were_not_trained_on(tmp_path, monkeypatch, capsys):
    assert not set(part_aware_orders.TRAINED) & set(part_aware_orders.MEASURED)
    monkeypatch.setattr(part_aware_orders, "TRAINED", range(2))
    monkeypatch.setattr(part_aware_orders, "MEASURED", range(9, 10))
    threads = torch.get_num_threads()
    part_aware_orders.main(["--steps", "1", "--seeds", "1", "--json", str(tmp_path / "orders.json")])
    clips, held_out = (
        part_aware_orders.rows([made_hands.motion(seed) for seed in seeds])
        for seeds in (part_aware_orders.TRAINED, part_aware_orders.MEASURED)
    )
    again = part_aware_orders.measure("hand_first", 1, 1, clips, held_out)
    torch.set_num_threads(threads)
    reports = json.loads((tmp_path / "orders.json").read_text())["reports"]
    assert reports["hand_first"] == [again]  # the same seeds, the same numbers
    assert list(reports) == ["vanilla", "concat", "body_first", "alternating", "hand_first", "vanilla, same bits"]
    sizes = {way: [s["codes"] for s in reports[way][0]["codes"].values()] for way in reports}
    assert np.prod(sizes["hand_first"]) == np.prod(sizes["vanilla, same bits"]) and len(sizes["concat"]) == 2
    out = capsys.readouterr().out
    assert "| hand_first | 64 x 64 |" in out and "hold their mean bend all the time" in out
