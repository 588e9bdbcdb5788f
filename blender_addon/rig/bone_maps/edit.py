"""Changes to a bone map, as pure functions from map to map."""

from __future__ import annotations

from dataclasses import replace

from ...backend.motion.bone_map import BoneMap, Controls
from ...backend.motion.skeleton import SMPLX52_NAMES


def with_bones(bone_map: BoneMap, slot: str, bones: tuple[str, ...]) -> BoneMap:
    """``bones`` (parents first) become the slot's own; another slot that has one of them loses it. None: the slot and
    its controls are cleared."""
    slots = {s: tuple(b for b in own if b not in bones) for s, own in bone_map.slots.items()}
    return with_slots(bone_map, slots | {slot: bones})


def with_slots(bone_map: BoneMap, slots: dict[str, tuple[str, ...]]) -> BoneMap:
    """The map with these slots, in their usual order; those without bones are left out, with their controls."""
    kept = {s: slots[s] for s in SMPLX52_NAMES if slots.get(s)}
    controls = {s: c for s, c in bone_map.controls.items() if s in kept}
    return replace(bone_map, slots=kept, controls=controls)


def with_controls(bone_map: BoneMap, slot: str, **roles) -> BoneMap:
    """The slot's controls with these roles (fields of ``Controls``) changed."""
    changed = replace(bone_map.controls.get(slot, Controls()), **roles)
    controls = {s: c for s, c in bone_map.controls.items() if s != slot}
    return replace(bone_map, controls=controls if changed == Controls() else controls | {slot: changed})
