"""What a rig's bones are in truth, and how far a map that was found by itself agrees with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from backend.motion.skeleton import SMPLX52_NAMES

SPINE = ("spine1", "spine2", "spine3")
SIDES = ("left_", "right_")


@dataclass(frozen=True)
class Truth:
    """``slots``: slot -> its own bones, the spine left out; what is not named is absent from the rig.

    ``spine``: the chain between pelvis and neck. Any division of it among spine1 to spine3 is right in which the
    topmost bone is spine3's last. ``either``: slot -> what is right as well, () being absent: where names and places
    leave it open. ``controls``: slot -> role -> what is keyed in place of the slot's bones, on a control rig.
    """

    slots: dict[str, tuple[str, ...]]
    spine: tuple[str, ...]
    either: dict[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    controls: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Score:
    """``right`` of ``there`` slots that the rig has bones for; ``wrong``: the other ones, and absent slots that got a
    bone, in words; ``sure``: how many of ``wrong`` the map is sure of; ``unsaid``: absent, but not reported so."""

    right: int
    there: int
    wrong: tuple[str, ...]
    sure: int
    unsaid: tuple[str, ...]


def truth(
    centre: Mapping[str, str],
    sided: Mapping[str, str],
    sides: tuple[str, str],
    spine: str,
    fingers: Mapping[str, str] | None = None,
    controls: Mapping[str, Mapping[str, str]] | None = None,
    either: Mapping[str, tuple[str, ...]] | None = None,
) -> Truth:
    """Bones of a slot are parted by ``|``, ``{s}`` stands for the side. ``fingers``: finger -> the bones of its joints,
    or one pattern with ``{k}`` for 1 to 3. ``controls`` (slot without side -> role -> bones) and ``either`` (slot
    without side -> what is right as well, "" being absent) are written alike."""
    slots = {slot: _bones(bones, "") for slot, bones in centre.items()}
    keyed = {slot: _roles(roles, "") for slot, roles in (controls or {}).items() if slot in slots or slot in SPINE}
    open_slots = {}
    for side, s in zip(SIDES, sides):
        slots |= {side + slot: _bones(bones, s) for slot, bones in sided.items()}
        for finger, bones in (fingers or {}).items():
            chain = [bones.replace("{k}", k) for k in "123"] if "{k}" in bones else bones.split("|")
            slots |= {f"{side}{finger}{k}": _bones(bone, s) for k, bone in enumerate(chain, start=1)}
        keyed |= {side + slot: _roles(roles, s) for slot, roles in (controls or {}).items() if side + slot in slots}
        open_slots |= {side + slot: tuple(_bones(b, s) for b in ways) for slot, ways in (either or {}).items()}
    return Truth(slots, _bones(spine, ""), open_slots, keyed)


def _bones(text: str, side: str) -> tuple[str, ...]:
    return tuple(text.format(s=side).split("|")) if text else ()


def _roles(roles: Mapping[str, str], side: str) -> dict[str, tuple[str, ...]]:
    return {role: _bones(bones, side) for role, bones in roles.items()}


def score(mapping, expected: Truth) -> Score:
    """How right a ``Mapping`` of the add-on is."""
    found, wrong = mapping.bone_map.slots, {}
    for slot in (expected.slots.keys() | found.keys() | expected.either.keys()).difference(SPINE):
        ways = (expected.slots.get(slot, ()), *expected.either.get(slot, ()))
        if found.get(slot, ()) not in ways:
            wrong[slot] = f"{slot}: {_said(found.get(slot))}, not {_said(ways[0])}"
    vertebrae = SPINE if len(expected.spine) >= len(SPINE) else ("spine1", "spine3")[-len(expected.spine) :]
    if not _spine_right(found, expected.spine):
        wrong |= {s: f"{s}: {_said(found.get(s))} of {_said(expected.spine)}" for s in vertebrae}
    for slot, roles in expected.controls.items():
        controls = mapping.bone_map.controls.get(slot)
        for role, bones in roles.items():
            got = None if controls is None else getattr(controls, role)
            if got != bones:
                wrong[slot] = f"{role} of {slot}: {_said(got)}, not {_said(bones)}"
    there = {*expected.slots, *vertebrae}
    sure = sum(slot in found and slot not in mapping.unsure for slot in wrong)
    absent = set(SMPLX52_NAMES).difference(there, expected.either, found)
    unsaid = tuple(sorted(absent.difference(mapping.absent)))
    return Score(len(there.difference(wrong)), len(there), tuple(wrong.values()), sure, unsaid)


def _spine_right(found: Mapping[str, tuple[str, ...]], chain: tuple[str, ...]) -> bool:
    divided = [found.get(s, ()) for s in SPINE]
    all_there = len(chain) < len(SPINE) or all(divided)
    return sum(divided, ()) == chain and bool(divided[-1]) and all_there


def _said(bones: tuple[str, ...] | None) -> str:
    return ", ".join(bones) if bones else "nothing"
