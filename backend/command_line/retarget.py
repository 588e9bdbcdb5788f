"""``python -m backend retarget``: a motion onto another rig, as a file."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from ..motion import resample, smplx_io
from ..motion.formats import bvh
from ..motion.formats.text import FormatError
from ..motion.limbs import LimbCorrection
from ..motion.motion import Motion
from ..motion.own_bones import Character
from ..motion.retarget import require_body
from ..wire import RequestError, encode_rate
from . import files, maps, rigs, sources


def run(options: argparse.Namespace) -> dict:
    """Retarget, write, and say what was done. RequestError says which option or file does not fit."""
    files.require_writable(options.out)
    correction = LimbCorrection(options.feet, options.hands)
    try:
        source = sources.read(options.motion, options.source_map)
        found = rigs.read(options.onto)
    except FormatError as error:
        raise RequestError("bad_file", str(error), "Name another file.") from error
    mapped = maps.choose(options.onto, found, options.map, "--map")
    character = Character(found[mapped.which], mapped.bone_map)
    with _blaming(options.onto, "--map"):
        require_body(character.points)
    with _blaming(options.motion, sources.OPTION):
        motion = character.moved(source.motion, source.bone_map, correction, options.fingers)
    if options.fps:
        motion = resample.resample(motion, options.fps)
    lost = _write(options, character, motion)
    return {
        "out": str(options.out),
        "frames": len(motion),
        "fps": encode_rate(motion.fps),
        "map": mapped.bone_map.name,
        "source_map": None if source.bone_map is None else source.bone_map.name,
        "correction": asdict(correction),
        "warnings": [*source.warnings, *mapped.warnings, *lost],
    }


@contextmanager
def _blaming(path: Path, option: str) -> Iterator[None]:
    """RequestError in place of the ValueError of a rest pose that is no body's."""
    try:
        yield
    except ValueError as error:
        action = f"Check its rest pose, and its bone map ({option})."
        raise RequestError("bad_file", f"{path.name}: {error}", action) from error


def _write(options: argparse.Namespace, character: Character, motion: Motion) -> list[str]:
    """Write the file; warnings about what of the rig it cannot hold."""
    if options.out.suffix.lower() == ".npz":
        smplx_io.write(options.out, motion)
        return []
    rig, tree = character.rig, character.tree
    bvh.write(options.out, character.own_bones(motion), dict(zip(rig.names, rig.tails - rig.heads)))
    lost = [name for name in rig.names if name not in tree]
    above = [rig.names[p] if p >= 0 else None for p in rig.parents]
    hung = [name for name, parent in zip(rig.names, above) if tree.get(name, parent) != parent]
    warnings = []
    if lost:
        warnings.append(f"a BVH has one root: left out are {', '.join(lost[:5])}")
    if hung:
        warnings.append(f"a BVH only turns its joints: {', '.join(hung[:5])} hang on the body there")
    return warnings
