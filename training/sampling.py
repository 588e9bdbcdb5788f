"""Chooses how a bundle is sampled, on the validation captions alone: the setting whose takes fit their prompts best.

    python -m training.sampling --bundle backend/weights/starter

Prints one line a setting: the mean score of single takes by measured facts (what best-of-takes uses too), and how much
the takes of one prompt differ, because a setting that says one thing only would leave nothing to choose from.
"""

from __future__ import annotations

import argparse
import itertools
import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from backend import bundles, engines, systems
from backend.motion.intent import slots_of
from backend.motion.kinematics import joint_positions
from backend.protocol import GenerateRequest, Segment
from backend.systems.sampling import SamplingConfig
from training.data import segments

TAKES = 2


def prompts(count: int) -> list[tuple[str, float]]:
    """(text, seconds) of validation segments whose text names an action, one a segment, spread over the file."""
    records = [r for r in segments.read_captions() if r["split"] == "val"]
    found = []
    for record in records:
        text = record["sentences"][segments.seeded(record["id"]).integers(len(record["sentences"]))]
        if slots_of(text)["actions"]:
            found.append((text, record["seconds"]))
    return [found[i] for i in np.linspace(0, len(found) - 1, min(count, len(found))).astype(int)]


def measure(system, some: list[tuple[str, float]]) -> tuple[float, float]:
    """Mean score of the takes, and their mean joint distance within a prompt, metres (root-aligned)."""
    scores, spread = [], []
    for text, seconds in some:
        request = GenerateRequest((Segment(text),), seconds=min(max(seconds, 1.0), 8.0), takes=TAKES)
        motions, report = system.generate(request, lambda stage, fraction: None, lambda: False)
        scores += report.scores
        a, b = (joint_positions(m) - m.root[:, None] for m in motions)
        spread.append(float(np.linalg.norm(a - b, axis=-1).mean()))
    return float(np.mean(scores)), float(np.mean(spread))


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m training.sampling", description=__doc__)
    parser.add_argument("--bundle", type=Path, default=bundles.default_bundle_path())
    parser.add_argument("--prompts", type=int, default=60)
    parser.add_argument("--temperature", type=float, nargs="+", default=[0.7, 0.9, 1.0])
    parser.add_argument("--guidance", type=float, nargs="+", default=[1.0, 2.0, 3.0, 5.0])
    args = parser.parse_args(arguments)
    bundle = bundles.load(args.bundle)
    system = systems.create(bundle, engines.create(bundle))
    some = prompts(args.prompts)
    for temperature, guidance in itertools.product(args.temperature, args.guidance):
        sampling = replace(SamplingConfig(), temperature=temperature, guidance=guidance)
        system.model = replace(system.model, sampling=sampling)
        score, spread = measure(system, some)
        print(json.dumps(asdict(sampling) | {"score": round(score, 4), "spread_m": round(spread, 3)}), flush=True)


if __name__ == "__main__":
    main()
