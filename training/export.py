"""From two finished runs to a bundle: the motion tokenizer in fp16, the language model's
matrices in int8 with a scale a row, normalisation in fp32, the text tokenizer, a model card.

    python -m training.export --tokenizer runs/tokenizer --language runs/language/best \\
        --text runs/language/tokenizer.json --meta meta.json --card MODEL_CARD.md --out backend/weights/starter
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import torch
from safetensors.numpy import save as save_arrays
from safetensors.torch import save
from tokenizers import Tokenizer

from backend.bundles import Bundle, write
from backend.engines.int8 import quantised
from backend.motion.features.fingerprint import fingerprint
from backend.systems import prompts
from training import language, tokenizer

META_FIELDS = ("name", "version", "licence", "training_data", "acknowledgement", "metrics")


def half(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """fp16 copies; ValueError names a tensor that fp16 cannot hold."""
    out = {}
    for name, value in tensors.items():
        out[name] = value.detach().to(torch.float16).contiguous()
        if not bool(torch.isfinite(out[name]).all()):
            raise ValueError(f"{name} has values that fp16 cannot hold (largest {float(value.abs().max()):g})")
    return out


def export_bundle(
    tokenizer_run: Path, language_run: Path, text_file: Path, meta: dict, card: str, out: Path, replace: bool = False
) -> Bundle:
    """Write the bundle ``out`` from two runs' folders; ``meta`` gives name, version, licence, training_data,
    acknowledgement and metrics. ValueError where the parts do not fit together."""
    missing = [f for f in META_FIELDS if f not in meta]
    if missing:
        raise ValueError(f"meta lacks {', '.join(missing)}")
    vqvae, mean, std = tokenizer.load(tokenizer_run)
    model = language.load(language_run)
    text = Tokenizer.from_file(str(text_file))
    if [text.token_to_id(t) for t in prompts.SPECIALS] != list(range(len(prompts.SPECIALS))):
        raise ValueError(f"{text_file}: ids 0 to 4 must be {', '.join(prompts.SPECIALS)}")
    sizes = {"text": (text.get_vocab_size(), model.config.text_size), "codes": (vqvae.config.codes, model.config.codes)}
    for what, (have, trained) in sizes.items():
        if have != trained:
            raise ValueError(f"the language model was trained with {trained} {what} tokens, got {have}")
    normalised = {"mean": torch.from_numpy(mean), "std": torch.from_numpy(std)}
    manifest = {
        "name": meta["name"],
        "version": meta["version"],
        "system": "motiongpt2",
        "tasks": ["text_to_motion"],
        "engines": ["numpy", "torch"],
        "prompt_version": prompts.VERSION,
        "config": {
            "motion_tokenizer": vqvae.config.to_dict(),
            "language_model": model.config.to_dict(),
            "text_tokenizer": {"sha256": hashlib.sha256(text_file.read_bytes()).hexdigest()},
            "sampling": meta.get("sampling", {}),
        },
        "features": {"codec": "ms272", "fps": 30, "fingerprint": fingerprint(mean, std)},
        **{field: meta[field] for field in META_FIELDS[2:]},
    }
    files = {
        "motion_tokenizer.safetensors": save(half(vqvae.state_dict()) | normalised),
        "language_model.safetensors": save_arrays(quantised({k: v.numpy() for k, v in half(model.weights()).items()})),
        "tokenizer.json": text_file,
        "MODEL_CARD.md": card.encode(),
    }
    return write(out, manifest, files, replace=replace)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m training.export", description=__doc__)
    parser.add_argument("--tokenizer", type=Path, required=True, help="folder of the stage-1 run")
    parser.add_argument("--language", type=Path, required=True, help="folder of the stage-2 run, or its best/")
    parser.add_argument("--text", type=Path, required=True, help="tokenizer.json of the stage-2 run")
    parser.add_argument("--meta", type=Path, required=True, help=f"JSON with {', '.join(META_FIELDS)}")
    parser.add_argument("--card", type=Path, required=True, help="the model card, Markdown")
    parser.add_argument("--out", type=Path, required=True, help="folder of the bundle; one that is there is replaced")
    args = parser.parse_args(arguments)
    meta, card = json.loads(args.meta.read_text(encoding="utf-8")), args.card.read_text(encoding="utf-8")
    bundle = export_bundle(args.tokenizer, args.language, args.text, meta, card, args.out, replace=True)
    total = sum(entry.bytes for entry in bundle.files.values())
    print(f"{bundle.title}: {total / 2**20:.2f} MiB in {bundle.path}")


if __name__ == "__main__":
    main()
