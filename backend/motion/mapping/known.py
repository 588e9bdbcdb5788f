"""Presets by exact names, held against the shape of the rig."""

from __future__ import annotations

from ..bone_map import BoneMap
from ..skeleton import SMPL22_NAMES, SMPLX52_NAMES
from .mapping import SURE, Guess


def covers(preset: BoneMap, guesses: dict[str, Guess]) -> bool:
    """Whether the preset knows every bone of the body's slots that it has: else the rig has longer chains than it."""
    known = {bone for bones in preset.slots.values() for bone in bones}
    return all(known.issuperset(guesses[s].bones) for s in SMPL22_NAMES if s in guesses and s in preset.slots)


def merged(preset: BoneMap, guesses: dict[str, Guess], opposed: bool) -> dict[str, Guess]:
    """The preset's slots, certain unless its sides are ``opposed`` by the feet, and the sure guesses beside them."""
    used = {bone for bones in preset.slots.values() for bone in bones}
    out = certain(preset, f"named as in {preset.name}")
    for slot, guess in guesses.items():
        if slot in out and opposed and slot.startswith(("left_", "right_")):
            out[slot] = Guess(slot, out[slot].bones, guess.confidence, guess.why)
        elif slot not in out and guess.confidence >= SURE and used.isdisjoint(guess.bones):
            out[slot] = guess
    return {slot: out[slot] for slot in SMPLX52_NAMES if slot in out}


def certain(bone_map: BoneMap, why: str) -> dict[str, Guess]:
    """A guess without doubt for every slot of the map."""
    return {slot: Guess(slot, bones, 1.0, why) for slot, bones in bone_map.slots.items()}
