"""Which order of body and hands keeps the hands best: the part-aware tokenizer in all its orders, with the same budget,
on made motions whose hands depend on the body.

    python -m training.recipes.part_aware_orders [--seeds 1] [--steps 800] [--json FILE]

Everything is small: an order takes a minute of one core; motions that are measured were never trained on. (After 300
steps no order yet knows the shape of a hand better than one that never moves.) "vanilla" has one code where the others
have two. So that the order is not taken for what a second code is worth, "vanilla, same bits" squares its codebook.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from backend.models.config import FOLLOWING, PartVQVAEConfig
from backend.motion import kinematics
from backend.motion import rotations as rot
from backend.motion.features import motionx623
from backend.motion.formats.text import write_bytes
from backend.motion.motion import Motion
from backend.motion.skeleton import SMPL22_NAMES
from training import tokenizer, tokenizer_eval
from training.data import made_hands
from training.data.feature_set import FeatureSet
from training.row_loss import RowLossWeights
from training.tokenizer_config import TokenizerTraining

TRAINED, MEASURED = range(96), range(10_000, 10_016)
"""seeds of motions"""
SAME_BITS = "vanilla, same bits"
WAYS = (*FOLLOWING, SAME_BITS)
_BODY = len(SMPL22_NAMES)
MEASURES = {
    "hands_pa_mpjpe_mm": "shape of the hands, mm",
    "hands_mpjpe_mm": "hands from the wrist, mm",
    "body_mpjpe_mm": "body from the root, mm",
    "mpjpe_global_mm": "all, global, mm",
}


def model_of(way: str) -> PartVQVAEConfig:
    """A small network; its codes are replaced when they are met less than a sixteenth as often as all on average."""
    small = PartVQVAEConfig(width=48, code_width=32, codes=64, dilations=(1,), decay=0.98, reset_below=0.25)
    if way == SAME_BITS:
        return replace(small, order="vanilla", codes=small.codes**2, reset_below=small.reset_below / small.codes)
    return replace(small, order=way)


def rows(motions: list[Motion]) -> list[np.ndarray]:
    return [motionx623.encode(motion) for motion in motions]


def measure(way: str, seed: int, steps: int, clips: list[np.ndarray], held_out: list[np.ndarray]) -> dict:
    """The report of one tokenizer, trained on ``clips`` from the random start ``seed``."""
    config = TokenizerTraining(
        codec=motionx623.NAME, model=model_of(way), loss=RowLossWeights(), batch=32, window=32, steps=steps, lr=5e-3,
        warmup=0.05, plain=0.0, average=0.99, precision="fp32", log_seconds=1e9, seed=seed, threads=1,
    )  # fmt: skip
    data = FeatureSet(clips, [np.ones(len(c), bool) for c in clips], np.ones(len(clips)))
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.train(config, data, Path(folder))
        return tokenizer_eval.evaluate(tokenizer.load_tokenizer(Path(folder)), held_out)


def still_hands(trained: list[Motion], held_out: list[Motion]) -> float:
    """Error of the hands' shape, mm, where fingers hold their mean bend all the time: what learning nothing gives."""
    mean = rot.normalize(np.concatenate([motion.rotations[:, _BODY:] for motion in trained]).mean(axis=0))
    found = []
    for motion in held_out:
        rotations = motion.rotations.copy()
        rotations[:, _BODY:] = mean
        both = map(kinematics.joint_positions, (motion, replace(motion, rotations=rotations)))
        found.append(tokenizer_eval.errors(*both)["hands_pa_mpjpe_mm"])
    return float(np.concatenate(found).mean())


def table(reports: dict[str, list[dict]], still: float) -> str:
    """Markdown: mean and deviation over the seeds."""
    lines = [
        f"| order | codes a moment | {' | '.join(MEASURES.values())} | used |",
        "|---" * (len(MEASURES) + 3) + "|",
    ]
    for way, found in reports.items():
        cells = []
        for name in MEASURES:
            values = np.array([report[name] for report in found])
            cells.append(f"{values.mean():.1f} ± {values.std():.1f}")
        streams = found[0]["codes"]
        sizes = " x ".join(str(stream["codes"]) for stream in streams.values())
        used = " + ".join(f"{np.mean([r['codes'][name]['used'] for r in found]):.0f}" for name in streams)
        lines.append(f"| {way} | {sizes} | {' | '.join(cells)} | {used} |")
    return "\n".join([*lines, "", f"Shape of hands that hold their mean bend all the time: {still:.1f} mm."])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1, help="random starts of each order (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=800, help="of each training (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all reports here too")
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)
    trained, unseen = ([made_hands.motion(seed) for seed in seeds] for seeds in (TRAINED, MEASURED))
    clips, held_out = rows(trained), rows(unseen)
    still = still_hands(trained, unseen)
    # seed after seed: what stops early has all orders
    reports: dict[str, list[dict]] = {way: [] for way in WAYS}
    for seed in range(1, args.seeds + 1):
        for way in WAYS:
            reports[way].append(measure(way, seed, args.steps, clips, held_out))
            print(f"seed {seed}, {way}: {reports[way][-1]}", file=sys.stderr, flush=True)
    print(table(reports, still))
    if args.json:
        found = {"steps": args.steps, "still_hands_mm": still, "reports": reports}
        write_bytes(args.json, (json.dumps(found, indent=1) + "\n").encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
