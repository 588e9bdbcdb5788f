"""The starter bundle, from the public sources to ``backend/weights/starter``:

    python -m training.recipes.starter --cmu DIR --o3de DIR --cc0 DIR --bpy-python PYTHON

An hour and a half on two CPU cores, less on a CUDA GPU. A step whose result is there is skipped, and a killed
stage goes on where it was; delete its folder below ``--runs`` to do it again. Choices (sampling, early stop) are made
on the validation split alone; the test splits are measured once, at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np
import torch

from backend.systems.prompts import normalise
from training import export, language, text_tokenizer, tokenizer
from training.data import build, feature_set, language_set, phrases, segments, sources
from training.data.clip import Clip
from training.data.store import DEFAULT, DataSet, open_set
from training.sequences import items

TEXT_TOKENS = 1200


def set_of(args: argparse.Namespace) -> DataSet:
    """The data set, built when it is not there."""
    if not args.set.exists():
        folders = {"cmu": args.cmu, "o3de": args.o3de, "cc0": args.cc0}
        options = sources.Options(bpy_python=args.bpy_python)
        chosen = [sources.create(name, folder, options) for name, folder in folders.items() if folder]
        if not chosen:
            sys.exit(f"{args.set} is not there and no source was given: see --help")
        build.build(args.set, chosen)
    return open_set(args.set)


def clips_of(args: argparse.Namespace, *splits: str) -> list[Clip]:
    """The clips of these splits whose labels have sentences: of the full CMU database, those of the committed part."""
    words = phrases.read()
    return [clip for clip in set_of(args).clips(*splits) if segments.entry_of(clip, words)]


def train_codes(args: argparse.Namespace) -> Path:
    """Stage 1: the motion tokenizer on the recorded clips. It gives the codes.

    Twenty minutes, because after 5,000 steps at this rate the encoder outputs of a few rare windows run away from the
    codebook (three runs did), while the validation error has stood still since step 3,500.
    """
    out = args.runs / "tokenizer_base"
    config = tokenizer.TokenizerTraining(minutes=args.tokenizer_minutes, lr=5e-4, threads=args.threads)
    if not finished(out, config.minutes):
        train, val = (feature_set.load(set_of(args), name, mirrored=name == "train") for name in ("train", "val"))
        tokenizer.train(config, train, out, val)
    return out


def train_decoder(args: argparse.Namespace, codes_run: Path) -> Path:
    """Stage 1b: the decoder alone goes on, on recorded and made motions; the codes stay what they are."""
    out = args.runs / "tokenizer"
    config = tokenizer.TokenizerTraining(minutes=args.decoder_minutes, lr=4e-4, threads=args.threads)
    if not finished(out, config.minutes):
        data = language_set.features(language_set.records(clips_of(args, "train"), segments.committed()))
        val = feature_set.load(set_of(args), "val", mirrored=False)
        tokenizer.train(config, data, out, val, codes_of=codes_run)
    return out


def finished(folder: Path, minutes: float) -> bool:
    """Whether a run used its budget."""
    path = folder / "weights.json"
    return path.exists() and json.loads(path.read_text(encoding="utf-8"))["minutes"] >= minutes - 0.1


def encoder(folder: Path) -> language_set.Encode:
    """Features to codes with the trained tokenizer, one motion at a time: padding would leak into the last codes."""
    model, mean, std = tokenizer.load(folder)

    @torch.no_grad()
    def encode(features: list[np.ndarray]) -> list[np.ndarray]:
        out = []
        for motion in features:
            length = len(motion) // model.config.frames_per_code * model.config.frames_per_code
            normalised = torch.from_numpy((motion[:length] - mean) / std)[None]
            out.append(model.encode(normalised)[0].numpy())
        return out

    return encode


def language_items(args: argparse.Namespace, codes_run: Path, split: str) -> list[dict]:
    """Captioned codes of a split, kept as JSON lines beside the runs."""
    path = args.runs / f"items_{split}.jsonl"
    if not path.exists():
        records = language_set.records(clips_of(args, split), segments.committed(), made=split == "train")
        some = language_set.encoded(records, encoder(codes_run))
        temporary = path.with_suffix(".part")
        with temporary.open("w", encoding="utf-8") as file:
            for record in some:
                codes = [c.tolist() for c in record["codes"]]
                file.write(json.dumps({**record, "codes": codes}) + "\n")
        os.replace(temporary, path)
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def train_language(args: argparse.Namespace, codes_run: Path) -> tuple[Path, dict]:
    """Stage 2, on the codes of stage 1; returns the run's folder and its validation numbers.

    The averaged weights of the end are taken. The lowest loss a code came after 15 of 36 minutes (kept in ``best/``),
    but on validation prompts the takes of the end do what is asked more often: 0.73 against 0.67 by training.sampling.
    """
    out = args.runs / "language"
    train, val = (language_items(args, codes_run, s) for s in ("train", "val"))
    text_file = out / language.TOKENIZER
    if not text_file.exists():
        text = text_tokenizer.train((normalise(c["text"]) for r in train for c in r["captions"]), TEXT_TOKENS)
        out.mkdir(parents=True, exist_ok=True)
        text.save(str(text_file))
    text = text_tokenizer.Tokenizer.from_file(str(text_file))

    def ids(sentence: str) -> list[int]:
        return text.encode(normalise(sentence)).ids

    config = language.LanguageTraining(minutes=args.language_minutes, threads=args.threads)
    config.model.text_size = text.get_vocab_size()
    validation = items(val, ids)
    if not finished(out, config.minutes):
        language.train(config, items(train, ids), out, validation)
    return out, language.evaluate(language.load(out), validation)


def tokenizer_metrics(args: argparse.Namespace, run: Path) -> dict:
    """Reconstruction on every split; test trials also by whether their action was seen in training."""
    model, mean, std = tokenizer.load(run)
    seen = {c.label for c in clips_of(args, "train")}
    parts = {name: clips_of(args, name) for name in ("val", "test_trials", "test_subjects")}
    parts["test_trials_seen_actions"] = [c for c in parts["test_trials"] if c.label in seen]
    parts["test_trials_unseen_actions"] = [c for c in parts["test_trials"] if c.label not in seen]
    return {name: tokenizer.evaluate(model, mean, std, rows_of(part)) for name, part in parts.items() if part}


def rows_of(clips: list[Clip]) -> list[np.ndarray]:
    """MS-272 rows of clips, the shortest held for a second."""
    return [feature_set.held(language_set.ms272.encode(clip.motion))[0] for clip in clips]


def metrics_table(metrics: dict) -> str:
    """Markdown for the model card: the tokenizer on each part of the data, then the probes when they were run."""
    head = (
        "held out",
        "MPJPE mm",
        "root drift after 5 s, median cm",
        "heading, median degrees",
        "codes used",
        "minutes",
    )
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for name, m in metrics["tokenizer"].items():
        cells = (name, m["mpjpe_mm"], m["drift_cm"], m["yaw_deg"], m["codes_used"], f"{m['frames'] / 1800:.1f}")
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    language = metrics["language_model"]
    lines += [
        "",
        "MPJPE is root-aligned, by forward kinematics of the decoded rotations.",
        "",
        f"Language model on validation, a code: loss {language['loss']}, accuracy {language['accuracy']} "
        f"(without text: loss {language['loss_no_text']}).",
    ]
    if "probe" in metrics:
        probes = metrics["probe"]
        how = f"{probes['seeds']} seeds, best of {probes['takes']} takes; in brackets the nearest-caption training clip"
        lines += ["", f"Probes ({how}):", ""]
        for name in ("public", "heldout"):
            p = probes[name]
            passed, nearest = 100 * p["rate"], 100 * p["nearest_caption_rate"]
            lines.append(
                f"- {name}: {passed:.0f} % pass ({nearest:.0f} %); under half: {', '.join(p['failing']) or 'none'}"
            )
        lines.append(f"- resting on less than 30 s of data: {', '.join(probes['little_data']) or 'none'}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cmu", type=Path, help="folder of <subject>/<trial>.amc|bvh and descriptions.json")
    parser.add_argument("--o3de", type=Path, help="folder of O3DE motion matching BVH files")
    parser.add_argument("--cc0", type=Path, help="folder of <library>/*.glb")
    parser.add_argument("--bpy-python", type=Path, help="a Python that can import bpy; reads the GLB files")
    parser.add_argument("--set", type=Path, default=DEFAULT, help="the data set, built from the sources if missing")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--out", type=Path, default=Path("backend/weights/starter"))
    parser.add_argument("--tokenizer-minutes", type=float, default=20.0)
    parser.add_argument("--decoder-minutes", type=float, default=22.0)
    parser.add_argument("--language-minutes", type=float, default=36.0)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args(arguments)
    set_of(args)
    codes_run = train_codes(args)
    tokenizer_run = train_decoder(args, codes_run)
    language_run, validation = train_language(args, codes_run)
    metrics = {"tokenizer": tokenizer_metrics(args, tokenizer_run), "language_model": validation}
    probes = args.runs / "probe.json"
    if probes.exists():  # of the bundle as it was: weights that did not change keep their results
        found = json.loads(probes.read_text(encoding="utf-8"))
        metrics["probe"] = {k: found[k] for k in ("seeds", "takes", "public", "heldout", "little_data")}
    card = Path(__file__).with_name("starter_card.md").read_text(encoding="utf-8")
    card = card.replace("{metrics}", metrics_table(metrics))
    meta = json.loads(Path(__file__).with_name("starter.json").read_text(encoding="utf-8")) | {"metrics": metrics}
    text_file = args.runs / "language" / language.TOKENIZER
    bundle = export.export_bundle(tokenizer_run, language_run, text_file, meta, card, args.out, replace=True)
    print(json.dumps(metrics, indent=1))
    print(f"wrote {bundle.path}; measure it with: python -m training probe --out {probes}, then run this again")


if __name__ == "__main__":
    main()
