"""The bone map of a rig that nobody described: control rig, preset, then names, shape and place together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..bone_map import BoneMap, Controls, NoMapFits
from ..bone_presets import match
from ..rest_rig import RestRig
from ..skeleton import SMPLX52_NAMES
from . import body, evidence, extras, judge, known, refusals, systems
from .evidence import Evidence
from .layers import trees
from .mapping import SURE, Guess, Mapping
from .rigify import rigify
from .slots import Found, assign

UNTESTED = "{} rigs are untested here: look at the map before you rely on it."
OPPOSED = "The names' left and right contradict where the feet point: check both sides."
BY_PLACE = "Most bones were found by their place, not by their names: check the map."
UNCHECKED = "Two legs and two arms that mirror each other were not found: the map rests on the names alone."
CONTROLS = "The controls were found by their names; which switch turns them on is not known."


def automatic(rig: RestRig) -> Mapping:
    """The best map of ``rig``.

    Raises NoMapFits, with the reason, for an armature that is no human body, or holds two.
    """
    told = evidence.read(rig)
    layer, found = _found(rig, told)
    control_rig = rigify(rig)
    if control_rig is not None:
        _refuse_others(rig, control_rig, found)
        return _mapping(control_rig, known.certain(control_rig, "a Rigify control rig"))
    preset, failure = _preset(rig)
    if found is not None:
        _refuse_others(rig, None, found)
        return _of_names_and_shape(rig, told, preset, layer, found)
    if preset is None:
        raise _no_body(rig, failure)
    _refuse_others(rig, preset, None)
    return _mapping(preset, known.certain(preset, f"named as in {preset.name}"), (UNCHECKED,))


def _preset(rig: RestRig) -> tuple[BoneMap | None, NoMapFits | None]:
    try:
        return match(rig.names), None
    except NoMapFits as failure:
        return None, failure


def _no_body(rig: RestRig, failure: NoMapFits) -> NoMapFits:
    near = f"; its names are nearest to {failure.nearest}, without " if failure.nearest else ""
    lacking = ", ".join(slot.replace("_", " ") for slot in failure.missing) if near else ""
    count = f"{len(rig.names)} bones"
    message = f"no bone map fits this armature ({count}): it has no two legs and two arms that mirror each other"
    return NoMapFits(message + near + lacking, failure.nearest, failure.missing, failure.found)


def _found(rig: RestRig, told: Sequence[Evidence]) -> tuple[str, Found | None]:
    """The first layer of the rig that holds a body, and what is where in it."""
    for layer, tree in trees(rig, told):
        best = body.find(tree)
        if best is not None:
            return layer, assign(tree, best)
    return "", None


def _refuse_others(rig: RestRig, named: BoneMap | None, found: Found | None) -> None:
    """NoMapFits for four legs and for two characters, by the map that names gave and by the shape, as far as known."""
    if named is not None:
        refusals.four_legs(rig, named.slots)
        refusals.second_by_name(rig, named)
    if found is not None:
        refusals.four_legs(rig, {slot: tuple(rig.names[n] for n in nodes) for slot, nodes in found.slots.items()})
        refusals.second_by_shape(rig, found)


def _of_names_and_shape(
    rig: RestRig, told: Sequence[Evidence], preset: BoneMap | None, layer: str, found: Found
) -> Mapping:
    guesses = judge.guesses(found, told, rig.names)
    system = systems.detect(rig)
    notes = [OPPOSED] if found.sides.opposed else []
    tested = system is None or system.tested
    name = "Automatic" if system is None else system.name
    if preset is not None and known.covers(preset, guesses):
        guesses = known.merged(preset, guesses, found.sides.opposed)
        name = preset.name if tested else name
    if sum(g.confidence < SURE for g in guesses.values()) > len(guesses) / 2:
        notes.append(BY_PLACE)
    if not tested:
        notes.append(UNTESTED.format(system.name))
    bone_map = BoneMap(name, {slot: guess.bones for slot, guess in guesses.items()})
    bone_map = _with_extras(rig, told, layer, found, bone_map)
    if any(c.fk for c in bone_map.controls.values()):
        notes.append(CONTROLS)
    return _mapping(bone_map, guesses, tuple(notes), tested)


def _with_extras(rig: RestRig, told: Sequence[Evidence], layer: str, found: Found, bone_map: BoneMap) -> BoneMap:
    """``bone_map`` with twist bones, the controls of an FK layer, the bone that carries the body and the root."""
    index = {name: i for i, name in enumerate(rig.names)}
    nodes = {slot: tuple(index[b] for b in bones) for slot, bones in bone_map.slots.items()}
    controls = extras.fk_controls(rig, told, nodes) if layer != "fk" else {}
    for slot, bones in extras.twists(rig, told, nodes, layer).items():
        twist = tuple(rig.names[i] for i in bones)
        controls[slot] = replace(controls.get(slot, Controls()), twist=twist)
    body_control, root = extras.body_and_root(rig, told, found)
    return replace(
        bone_map,
        controls=controls,
        body=None if body_control is None else rig.names[body_control],
        root=None if root is None else rig.names[root],
    )


def _mapping(bone_map: BoneMap, guesses: dict[str, Guess], notes: tuple[str, ...] = (), tested: bool = True) -> Mapping:
    absent = tuple(slot for slot in SMPLX52_NAMES if slot not in bone_map.slots)
    return Mapping(bone_map, guesses, absent, notes, tested)
