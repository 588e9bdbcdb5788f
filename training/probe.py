"""`python -m training probe`: 20 public and 20 held-out prompts through the system, measured by kinematic checks.

Beside every prompt stand the nearest-caption training clip, which needs no model, and the seconds of training data
that carry the needed verb.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from backend.motion.formats.text import write_bytes
from backend.motion.mirror import mirror
from backend.motion.motion import Motion
from training.data import phrases
from training.data.clip import Clip
from training.data.store import DEFAULT, open_set
from training.probes.checks import CHECKS, SETS, Check, prompts
from training.probes.nearest import NearestCaption

CAPTIONS = Path(__file__).parent / "data" / "captions" / "captions.json"
LITTLE_DATA = 30.0  # seconds
FPS = 30  # of the clips

Generate = Callable[[str, int], Motion]
"""(prompt, seed) -> the system's best take"""
Clips = Callable[[dict], Motion | None]
"""caption entry -> its training clip, or None where it is not at hand"""


@dataclass
class Row:
    """One prompt of one set."""

    check: str
    set: str
    prompt: str
    passed: list[bool] = field(default_factory=list)
    """one a seed"""
    measured: list[str] = field(default_factory=list)
    nearest: float | None = None
    """part of the nearest-caption clips that pass; None = no clip at hand"""
    nearest_ids: list[str] = field(default_factory=list)
    data_seconds: float | None = None

    @property
    def rate(self) -> float:
        return float(np.mean(self.passed)) if self.passed else 0.0


def data_seconds(check: Check, entries: list[dict]) -> float:
    """Recorded seconds of training data whose slots hold one of the check's verbs and values: mirrors are not counted,
    and frames that several segments of a clip share once."""

    def fits(slots: dict) -> bool:
        values = all(slots.get(k) in v for k, v in check.slots.items())
        nested = [slots[k] for k in ("then", "while") if isinstance(slots.get(k), dict)] + list(slots.get("also") or ())
        return (slots.get("verb") in check.verbs and values) or any(fits(n) for n in nested)

    frames: dict[str, set[int]] = {}
    whole = 0.0
    for entry in entries:
        slots = entry["slots"] if isinstance(entry["slots"], list) else [entry["slots"]]
        if entry.get("mirrored") or not any(fits(s) for s in slots):
            continue
        if "start" in entry:
            frames.setdefault(entry["clip"], set()).update(range(entry["start"], entry["end"]))
        else:
            whole += entry["seconds"]
    return whole + sum(map(len, frames.values())) / FPS


def probe(
    generate: Generate | None,
    seeds: int,
    entries: list[dict],
    clips: Clips,
    sets: tuple[str, ...] = SETS,
    say: Callable[[str], None] = print,
) -> list[Row]:
    """Every prompt of the sets; without ``generate`` the baseline and the data alone."""
    nearest = NearestCaption(entries) if entries else None
    rows = []
    for name in sets:
        for key, text in prompts(name).items():
            row = Row(key, name, text)
            for seed in range(seeds if generate else 0):
                passed, measured = CHECKS[key].test(generate(text, seed))
                row.passed.append(bool(passed))
                row.measured.append(measured)
            if nearest:
                found = [(e["id"], clips(e)) for e in nearest.find(text)]
                verdicts = {i: CHECKS[key].test(m)[0] for i, m in found if m is not None}
                row.nearest = float(np.mean(list(verdicts.values()))) if verdicts else None
                row.nearest_ids = list(verdicts)
                row.data_seconds = data_seconds(CHECKS[key], entries)
            rows.append(row)
            say(f"{name:8} {key:18} {sum(row.passed)}/{len(row.passed)}  {row.measured[0] if row.measured else ''}")
    return rows


def _percent(values: list[float | None]) -> str:
    known = [v for v in values if v is not None]
    return f"{100 * np.mean(known):.0f} %" if known else "-"


def table(rows: list[Row]) -> str:
    """Pass rates per prompt, overall, with the baseline and the data."""
    lines = [f"{'check':18} {'public':>7} {'nearest':>8} {'heldout':>8} {'nearest':>8} {'data':>8}"]
    by = {(r.check, r.set): r for r in rows}
    for key in CHECKS:
        cells, seconds = [], None
        for name in SETS:
            row = by.get((key, name))
            cells += [f"{_percent([row.rate]) if row and row.passed else '-':>7}"]
            cells += [f"{_percent([row.nearest]) if row else '-':>8}"]
            seconds = row.data_seconds if row and row.data_seconds is not None else seconds
        data = "-" if seconds is None else f"{seconds:.0f} s" + ("  little data" if seconds < LITTLE_DATA else "")
        lines.append(f"{key:18} {' '.join(cells)} {data:>8}")
    overall = []
    for name in SETS:
        of_set = [r for r in rows if r.set == name]
        overall += [
            f"{_percent([r.rate for r in of_set if r.passed]):>7}",
            f"{_percent([r.nearest for r in of_set]):>8}",
        ]
    return "\n".join([*lines, f"{'overall':18} {' '.join(overall)}"])


def summary(rows: list[Row]) -> dict:
    """As JSON: overall rates, failing prompts, prompts on little data, and every row."""
    out: dict = {"rows": [asdict(r) | {"rate": r.rate} for r in rows]}
    for name in SETS:
        of_set = [r for r in rows if r.set == name]
        known = [r.nearest for r in of_set if r.nearest is not None]
        out[name] = {
            "rate": float(np.mean([r.rate for r in of_set])) if any(r.passed for r in of_set) else None,
            "nearest_caption_rate": float(np.mean(known)) if known else None,
            "failing": [r.check for r in of_set if r.passed and r.rate < 0.5],
        }
    out["little_data"] = sorted({r.check for r in rows if r.data_seconds is not None and r.data_seconds < LITTLE_DATA})
    return out


def read_captions(path: Path = CAPTIONS) -> list[dict]:
    """[{"id", "sentences", "slots", "seconds"}] of the training split; empty when the file is not built."""
    if not path.exists():
        return []
    found = json.loads(path.read_text(encoding="utf-8"))
    entries = found["captions"] if isinstance(found, dict) else found
    return [e for e in entries if e.get("split", "train") == "train"]


def label_captions(clips: Iterable[Clip]) -> list[dict]:
    """The same from the labels' hand-written phrases, for when no captions are built."""
    written, out = phrases.read(), []
    for clip in clips:
        words = phrases.entry(clip.source, clip.label, written)
        if words:
            out.append({"id": clip.id, "sentences": words["sentences"] + words["short"], "slots": words["slots"],
                        "seconds": clip.seconds})  # fmt: skip
    return out


def motions_of(clips: Iterable[Clip]) -> Clips:
    """Motions for caption entries: by "clip" or "id" ("~" at its end = mirrored), cut to the frames "start" to "end"
    where an entry has them."""
    motions = {clip.id: clip.motion for clip in clips}

    def find(entry: dict) -> Motion | None:
        name = str(entry.get("clip", entry["id"]))
        motion = motions.get(name.removesuffix("~"))
        if motion is None:
            return None
        motion = motion[slice(entry.get("start"), entry.get("end"))]
        return mirror(motion) if name.endswith("~") or entry.get("mirrored") else motion

    return find


def system_generator(bundle: Path | None, takes: int, seconds: float | None) -> Generate:
    """Best of ``takes`` of the bundle's system, straight through ``backend.systems``."""
    from backend import bundles, engines, systems
    from backend.protocol import GenerateRequest, Segment

    loaded = bundles.load(bundle or bundles.default_bundle_path())
    system = systems.create(loaded, engines.create(loaded))

    def generate(text: str, seed: int) -> Motion:
        request = GenerateRequest((Segment(text),), seconds=seconds, seed=seed, takes=takes)
        motions, report = system.generate(request, lambda stage, fraction: None, lambda: False)
        return motions[report.chosen]

    return generate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bundle", type=Path, help="bundle folder (default: the one that comes with Posewright)")
    parser.add_argument("--seeds", type=int, default=5, help="motions a prompt (default 5)")
    parser.add_argument("--takes", type=int, default=4, help="each motion is the best of this many takes (default 4)")
    parser.add_argument("--seconds", type=float, help="length of the motions (default: the model chooses)")
    parser.add_argument("--prompts", choices=SETS, help="one set of prompts alone")
    parser.add_argument("--captions", type=Path, default=CAPTIONS, help="captions.json of the training data")
    parser.add_argument("--set", dest="dataset", type=Path, default=DEFAULT, help="data set (default: %(default)s)")
    parser.add_argument(
        "--baseline-only", action="store_true", help="no model: nearest captions and data seconds alone"
    )
    parser.add_argument("--out", type=Path, help="also write everything as JSON")


def main(args: argparse.Namespace) -> int:
    begun = time.perf_counter()
    if args.baseline_only and not args.dataset.exists():
        print(f"no data set at {args.dataset}: `python -m training data build` makes the one that the baseline reads")
        return 2
    entries, clips = _training_data(args)
    generate = None if args.baseline_only else system_generator(args.bundle, args.takes, args.seconds)
    rows = probe(generate, args.seeds, entries, clips, (args.prompts,) if args.prompts else SETS)
    print(table(rows))
    print(f"{time.perf_counter() - begun:.0f} s")
    if args.out:
        result = summary(rows) | {"seeds": args.seeds, "takes": args.takes, "seconds": args.seconds}
        write_bytes(args.out, (json.dumps(result, indent=1) + "\n").encode())
    return 0


def _training_data(args: argparse.Namespace) -> tuple[list[dict], Clips]:
    if not args.dataset.exists():
        print(f"no data set at {args.dataset}: no nearest-caption baseline (`python -m training data build` makes it)")
        return read_captions(args.captions), lambda entry: None
    clips = open_set(args.dataset).clips("train")
    return read_captions(args.captions) or label_captions(clips), motions_of(clips)
