"""Every naming scheme is mapped without a click, and nothing of it is a guess."""

from __future__ import annotations

import pytest

from backend.motion.mapping.automatic import automatic
from tests.motion.mapping import schemes
from tests.motion.mapping.humanoid import Built, Scheme, build

BY_NAME = {s.name + (" loose" if s.loose else ""): s for s in schemes.SCHEMES}


SPREAD = {1: (0, 0), 2: (1, 1), 3: (1, 2), 4: (1, 2), 5: (2, 3), 6: (2, 3)}
"""bones of the spine -> how many come before spine2 and before spine3"""


def expected(scheme: Scheme, built: Built) -> dict[str, tuple[str, ...]]:
    second, third = SPREAD[len(scheme.spine)]
    if len(scheme.spine) == 5 and not scheme.neck:
        second, third = 1, 2  # the spine ends between the shoulders, lower than where a neck begins
    parts = {"spine1": scheme.spine[:second], "spine2": scheme.spine[second:third], "spine3": scheme.spine[third:]}
    return built.truth | {slot: bones for slot, bones in parts.items() if bones}


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize("a_pose", [0.0, 45.0])
def test_mapped_without_a_click(name, a_pose):
    scheme = BY_NAME[name]
    built = build(scheme, a_pose)
    found = automatic(built.rig())
    assert found.bone_map.slots == expected(scheme, built)
    assert found.unsure == (), {s: found.guesses[s].why for s in found.unsure}
    assert found.bone_map.root == scheme.root
    twists = {slot: c.twist for slot, c in found.bone_map.controls.items() if c.twist}
    assert twists == built.twists
