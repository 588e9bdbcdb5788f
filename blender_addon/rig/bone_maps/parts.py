"""The slots of the body in parts, as the animator sees them."""

from __future__ import annotations

from dataclasses import dataclass

from ...backend.motion.skeleton import ARM, FINGERS, LEG, TORSO

_HAND = tuple(f"{finger}{k}" for finger in ("thumb", *(f for f in FINGERS if f != "thumb")) for k in (1, 2, 3))


@dataclass(frozen=True)
class Part:
    """A part of the body: ``key`` names it in code; ``slots`` from the body outwards."""

    key: str
    label: str
    slots: tuple[str, ...]
    closed: bool = False
    """whether the editor shows it closed at first"""

    @property
    def limb(self) -> bool:
        """Whether it is an arm or a leg, which IK can bend."""
        return self.key.endswith(("_arm", "_leg"))

    def word(self, slot: str) -> str:
        """The slot's name within this part: "Elbow" in the left arm, "Thumb 1" of its fingers."""
        name = slot.removeprefix("left_").removeprefix("right_").capitalize()
        return f"{name[:-1]} {name[-1]}" if name[-1].isdigit() else name


def _side(side: str) -> tuple[Part, ...]:
    def of(names) -> tuple[str, ...]:
        return tuple(f"{side}_{name}" for name in names)

    word = side.capitalize()
    return (
        Part(f"{side}_arm", f"{word} Arm", of(ARM)),
        Part(f"{side}_leg", f"{word} Leg", of(LEG)),
        Part(f"{side}_fingers", f"{word} Fingers", of(_HAND), closed=True),
    )


_PAIRS = tuple(zip(_side("left"), _side("right")))
PARTS = (Part("torso", "Torso", TORSO), *(part for pair in _PAIRS for part in pair))


def end(limb: Part) -> str:
    """The slot that an IK control carries: wrist or ankle."""
    return next(s for s in limb.slots if s.endswith(("_wrist", "_ankle")))


def middle(limb: Part) -> str:
    """The slot that bends: elbow or knee."""
    return next(s for s in limb.slots if s.endswith(("_elbow", "_knee")))
