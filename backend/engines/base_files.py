"""The folder of a language model as Hugging Face's hub serves it: what of it is read here, and what it must hold.

Nothing is loaded and nothing is run: code that a model brings along stays untouched, pickled weights are never opened.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from ..bundles.bundle import BundleError, shown
from .files import ADAPTER_CONFIG, TEXT_TOKENIZER

CONFIG, WEIGHTS, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
MAX_JSON_BYTES = 64 * 2**20
"""the tokenizers of big vocabularies have 30 MiB"""
MAX_SHARDS = 1024
SAMPLES, SAMPLE_BYTES = 64, 2**16

_SHARD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}\.safetensors")
_PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt")
# what loading and saving again changes and the network does not feel
_NOT_OF_THE_SHAPE = ("_name_or_path", "transformers_version", "torch_dtype", "dtype", "use_cache")


def config(folder: Path) -> dict:
    """Its config.json; BundleError where that is none."""
    if not folder.is_dir():
        raise BundleError(f"there is no folder {folder}")
    if (folder / ADAPTER_CONFIG).exists():  # transformers would go and load what that names
        raise BundleError(f"folder {folder} holds an adapter: name the folder of the model that it was trained on")
    return _json(folder / CONFIG, "a model folder of Hugging Face has one")


def rows(config: dict) -> int:
    """How many rows the embedding has."""
    text = config.get("text_config")
    count = config.get("vocab_size", text.get("vocab_size") if isinstance(text, dict) else None)
    if type(count) is not int or not 1 <= count <= 2**20:
        raise BundleError(f"{CONFIG}: 'vocab_size' must be a whole number up to {2**20}, got {shown(count)}")
    return count


def architecture(config: dict) -> str:
    """The class of the network, e.g. LlamaForCausalLM."""
    names = config.get("architectures")
    if not isinstance(names, list) or len(names) != 1 or not isinstance(names[0], str):
        raise BundleError(f"{CONFIG}: 'architectures' must name one class, got {shown(names)}")
    return names[0]


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files with its weights; BundleError says what is there instead."""
    if (folder / WEIGHTS).is_file():
        files = [folder / WEIGHTS]
    elif (folder / INDEX).is_file():
        files = _shards(folder)
    else:
        pickled = sorted(path.name for kind in _PICKLED for path in folder.glob(kind))
        what = f"only {pickled[0]}, a pickle, which is never opened" if pickled else "no weights"
        raise BundleError(f"folder {folder} holds {what}; needed is {WEIGHTS}, or {INDEX} with the files that it names")
    for path in files:
        if not path.is_file():
            raise BundleError(f"folder {folder} lacks {path.name}, which {INDEX} names; download it again")
        with open(path, "rb") as file:
            if file.read(20).startswith(b"version https://git"):
                raise BundleError(f"{path} is a pointer of Git LFS instead of the weights (git lfs pull fetches them)")
    return files


def weight_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in weight_files(folder))


def fingerprint(folder: Path) -> str:
    """sha256 over what makes the model: the shape in its config.json, its tokenizer.json, and of each file of weights
    the name, the size and samples from its beginning to its end (of small files all): seconds for 16 GB."""
    shape = {name: value for name, value in config(folder).items() if name not in _NOT_OF_THE_SHAPE}
    digest = hashlib.sha256(json.dumps(shape, sort_keys=True).encode())
    digest.update(tokenizer_digest(folder).encode())
    for path in weight_files(folder):
        size = path.stat().st_size
        digest.update(f"\n{path.name} {size}\n".encode())
        with open(path, "rb") as file:
            if size <= SAMPLES * SAMPLE_BYTES:
                digest.update(file.read())
                continue
            for i in range(SAMPLES):
                file.seek((size - SAMPLE_BYTES) * i // (SAMPLES - 1))
                digest.update(file.read(SAMPLE_BYTES))
    return digest.hexdigest()


def tokenizer_digest(folder: Path) -> str:
    """The sha256 of its tokenizer.json."""
    return hashlib.sha256(_bytes(folder / TEXT_TOKENIZER, "only fast tokenizers are used")).hexdigest()


def _shards(folder: Path) -> list[Path]:
    names = _json(folder / INDEX, "it was there").get("weight_map")
    names = set(names.values()) if isinstance(names, dict) and all(map(_plain, names.values())) else set()
    if not 1 <= len(names) <= MAX_SHARDS:
        raise BundleError(f"{folder / INDEX}: 'weight_map' must name 1 to {MAX_SHARDS} safetensors files beside it")
    return [folder / name for name in sorted(names)]


def _plain(name) -> bool:
    """Whether it is a file name that leads nowhere else."""
    return isinstance(name, str) and _SHARD.fullmatch(name) is not None


def _json(path: Path, why: str) -> dict:
    try:
        found = json.loads(_bytes(path, why))
    except (ValueError, RecursionError) as error:
        if isinstance(error, BundleError):
            raise
        raise BundleError(f"{path} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise BundleError(f"{path} must hold a JSON object, found {shown(found)}")
    return found


def _bytes(path: Path, why: str) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_JSON_BYTES + 1)
    except OSError as error:
        raise BundleError(f"folder {path.parent}: {path.name} cannot be read ({error.strerror}); {why}") from error
    if len(data) > MAX_JSON_BYTES:
        raise BundleError(f"{path} is larger than the accepted {MAX_JSON_BYTES} bytes")
    return data
