"""Which bone is which: from a file of the user, or found by the bones' names and places."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..motion import bone_map_json
from ..motion.bone_map import BoneMap, NoMapFits
from ..motion.mapping.automatic import automatic
from ..motion.rest_rig import RestRig
from ..wire import RequestError


@dataclass(frozen=True, eq=False)
class Chosen:
    """``which`` of the rigs of a file is mapped, and what is to be said about its map."""

    which: int
    bone_map: BoneMap
    warnings: tuple[str, ...] = ()


def choose(path: Path, rigs: Sequence[RestRig], given: Path | None, option: str) -> Chosen:
    """The rig of ``path`` with most mapped bones; by the map in the file ``given``, or an automatic one.

    RequestError names the slots that are missing and the ``option`` that takes a map.
    """
    if given is not None:
        return _by_file(path, rigs, given, option)
    found, failures = [], {}
    for which, rig in enumerate(rigs):
        try:
            mapping = automatic(rig)
        except NoMapFits as reason:
            failures[which] = reason
            continue
        unsure = ", ".join(f"{slot} ({' '.join(mapping.bone_map.slots[slot])})" for slot in mapping.unsure)
        warnings = [f"{path.name}: {note}" for note in mapping.notes]
        if unsure:
            warnings.append(f"{path.name}: not sure about {unsure}; {option} takes a bone map")
        found.append(Chosen(which, mapping.bone_map, tuple(warnings)))
    if not found:
        action = f"Save the rig's bone map in Blender (Posewright, Bone Map) and give it with {option}."
        raise RequestError("bone_map", f"{path.name}: {_reasons(rigs, failures)}", action) from failures[0]
    return max(found, key=lambda mapped: sum(map(len, mapped.bone_map.slots.values())))


def _reasons(rigs: Sequence[RestRig], failures: Mapping[int, NoMapFits]) -> str:
    """Why no map fits any of the rigs, each named by its topmost bone where there are several."""
    if len(failures) == 1:
        return str(failures[0])
    said = [f"below {rigs[which].names[0]!r} {reason}" for which, reason in failures.items()]
    return f"{len(said)} armatures: {'; '.join(said[:5])}"


def _by_file(path: Path, rigs: Sequence[RestRig], given: Path, option: str) -> Chosen:
    action = f"Give the bone map of {path.name} with {option}."
    try:
        own = bone_map_json.load(given)
    except (OSError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise RequestError("bone_map", f"{option} {given} cannot be read: {error}", action) from error
    except ValueError as error:
        raise RequestError("bone_map", f"{option} {given}: {error}", action) from error
    if own.calibration is not None:
        problem = f"{option} {given} is calibrated, which only the add-on can follow"
        raise RequestError("bone_map", problem, "Retarget in Blender, or give a map without a calibration.")
    needed = {bone for bones in own.slots.values() for bone in bones}
    needed.update(bone for controls in own.controls.values() for bone in controls.twist)
    absent = [sorted(needed - set(rig.names)) for rig in rigs]
    which = min(range(len(rigs)), key=lambda k: len(absent[k]))
    if absent[which]:
        names = ", ".join(absent[which][:5])
        raise RequestError("bone_map", f"{path.name} has no bones {names}, which {option} {given} names", action)
    return Chosen(which, own)
