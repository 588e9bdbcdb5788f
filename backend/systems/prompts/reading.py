"""Reading a file of prompts: it may come with a bundle from elsewhere, so every part is checked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...bundles.bundle import BundleError, named, shown
from .wording import GIVEN, PART, TASKS, Prompts, Task, parts

FILE = "prompts.json"
"""its name in a bundle"""
FORMAT = 1
MAX_BYTES = 2**18

_FRAME = ("bos", "instruction", "duration", "length", "input", "eos")
_STREAMS = ("motion", "body", "hands")
_SPELLINGS, _LENGTHS, _CAPTIONS = ("tokens", "digits"), ("tokens", "words", "none"), ("lower case", "as typed")


def names() -> tuple[str, ...]:
    """The files that come with Posewright."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("*.json")))


def load(name: str) -> Prompts:
    """A file that comes with Posewright; ValueError names the others."""
    if name not in names():
        raise ValueError(f"there are no prompts {name!r}; there are {', '.join(names())}")
    return from_bytes((Path(__file__).parent / f"{name}.json").read_bytes())


def of_bundle(bundle) -> Prompts:
    """The prompts in a ``bundles.Bundle``; BundleError unless they are those that its weights were trained with."""
    path, wanted = bundle.file(FILE), bundle.config.get("prompts")
    try:
        with open(path, "rb") as file:
            prompts = from_bytes(file.read(MAX_BYTES + 1))
    except (OSError, ValueError) as error:
        raise BundleError(f"{named(bundle.path, FILE)} cannot be used: {error}") from error
    if wanted != prompts.to_config():
        raise BundleError(
            f"{named(bundle.path, FILE)} asks with the wording {_told(prompts.to_config())}, the weights were trained "
            f"with {_told(wanted)}; the answers would be noise"
        )
    if bundle.prompt_version != prompts.version:
        raise BundleError(
            f"{named(bundle.path, FILE)} holds version {prompts.version} of the wording {prompts.name}, the weights "
            f"were trained with version {bundle.prompt_version} ('prompt_version'); the answers would be noise"
        )
    return prompts


def _told(config) -> str:
    """A wording as ``Prompts.to_config`` gives it: its name, its version and the beginning of its sha256."""
    parts = [config.get(part) for part in ("name", "version", "sha256")] if isinstance(config, dict) else []
    if [type(part) for part in parts] != [str, int, str]:
        return shown(config)
    name, version, sha256 = parts
    return f"{name[:40]} {version} ({sha256[:8]})"


def from_bytes(data: bytes) -> Prompts:
    """ValueError says which part of the file does not fit."""
    if len(data) > MAX_BYTES:
        raise ValueError(f"prompts of more than {MAX_BYTES} bytes are not accepted")
    try:
        d = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"prompts that are not JSON: {error}") from error
    if not isinstance(d, dict) or d.get("format") != FORMAT:
        raise ValueError(f"this version of Posewright reads prompts of format {FORMAT}")
    marks = d.get("marks")
    if not isinstance(marks, list) or not all(isinstance(m, str) and PART.fullmatch(m) for m in marks):
        raise ValueError(f"'marks' must be a list of tokens such as <motion>, got {shown(marks)}")
    version, fps = d.get("version"), d.get("fps")
    if type(version) is not int or version < 1:
        raise ValueError(f"'version' must be a whole number from 1, got {shown(version)}")
    if type(fps) not in (int, float) or not 1 <= fps <= 1000:
        raise ValueError(f"'fps' must be a number from 1 to 1000, got {shown(fps)}")
    prompts = Prompts(
        name=_text(d, "name"),
        version=version,
        spelling=_one_of(d, "spelling", _SPELLINGS),
        caption=_one_of(d, "caption", _CAPTIONS),
        lengths=_one_of(d, "lengths", _LENGTHS),
        duration=_text(d, "duration"),
        marks=tuple(marks),
        frame=_text(d, "frame"),
        tasks=_tasks(d.get("tasks")),
        fps=fps,
        source=data,
    )
    _check_holes(prompts)
    return prompts


def _text(d: Mapping, name: str) -> str:
    if not isinstance(d.get(name, ""), str):
        raise ValueError(f"{name!r} must be text, got {shown(d[name])}")
    return d.get(name, "")


def _one_of(d: Mapping, name: str, words: Sequence[str]) -> str:
    if d.get(name) not in words:
        raise ValueError(f"{name!r} must be one of {', '.join(words)}, got {shown(d.get(name))}")
    return d[name]


def _tasks(tasks) -> dict[str, Task]:
    if not isinstance(tasks, dict) or not tasks or not set(tasks) <= set(TASKS):
        raise ValueError(f"'tasks' must be some of {', '.join(TASKS)}, got {shown(tasks)}")
    out = {}
    for name, d in tasks.items():
        if not isinstance(d, dict):
            raise ValueError(f"task {name!r} must be a JSON object, got {shown(d)}")
        instructions = d.get("instructions", [""])
        if not isinstance(instructions, list) or not instructions or not all(isinstance(i, str) for i in instructions):
            raise ValueError(f"'instructions' of task {name!r} must be a list of texts, got {shown(instructions)}")
        out[name] = Task(tuple(instructions), *(_text(d, part) for part in ("input", "opening", "answer")))
    return out


def _check_holes(prompts: Prompts) -> None:
    """ValueError for a placeholder that nothing would fill."""
    given, answered = {*GIVEN, *_STREAMS}, {"caption", "eos", "length", *_STREAMS}
    templates = [("'frame'", prompts.frame, set(_FRAME))]
    for name, task in prompts.tasks.items():
        templates += [(f"'input' of {name}", task.input, given), (f"'opening' of {name}", task.opening, set())]
        templates += [(f"'answer' of {name}", task.answer, answered)]
        templates += [(f"an instruction of {name}", text, {"caption"}) for text in task.instructions]
    for where, template, known in templates:
        for _, hole, _ in parts(template, prompts.marks):
            if hole and hole not in known:
                raise ValueError(
                    f"{where} has the placeholder {{{hole}}}, known are {', '.join(sorted(known)) or 'none'}"
                )
