"""A Motion onto all bones of a rig at rest: what a file of that rig holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from . import kinematics, retarget
from . import rotations as rot
from .anatomy import kind_of
from .bone_map import BoneMap
from .chains import bone_turns, slot_above
from .finger_shapes import with_fingers
from .from_elsewhere import onto_character
from .limbs import LimbCorrection
from .motion import Motion
from .rest_rig import RestRig
from .skeleton import Skeleton, canonical


@dataclass(frozen=True, eq=False)
class Character:
    """A rig at rest in metres, Y up, and what its bones are."""

    rig: RestRig
    bone_map: BoneMap

    @cached_property
    def points(self) -> dict[str, np.ndarray]:
        """Slot -> (3,) rest position."""
        return retarget.slot_places(self._heads, self.bone_map)

    @cached_property
    def _heads(self) -> dict[str, np.ndarray]:
        return dict(zip(self.rig.names, self.rig.heads))

    @cached_property
    def skeleton(self) -> Skeleton:
        """Its own proportions in canonical form, SMPL-X-52 as soon as it has a finger."""
        return retarget.character_skeleton(self.points, kind_of(self.points))

    def moved(
        self, source: Motion, source_map: BoneMap | None, correction: LimbCorrection, fingers: str = "relaxed"
    ) -> Motion:
        """``source`` on ``skeleton``; fingers that it lacks have the shape ``fingers`` of ``finger_shapes``."""
        motion = onto_character(source, source_map, self.points, correction=correction)
        return motion if motion.skeleton.kind == self.skeleton.kind else with_fingers(motion, self.skeleton, fingers)

    @cached_property
    def tree(self) -> dict[str, str | None]:
        """Bone -> its parent, parents first, as a skeleton can have it that only turns: what does not hang on the part
        of the body above it (legs beside the hips) does so here, and what does not hang where the pelvis does is left
        out."""
        rig, index = self.rig, self.rig.names.index
        parents = {n: rig.names[p] if p >= 0 else None for n, p in zip(rig.names, rig.parents)}
        for slot, bones in self.bone_map.slots.items():
            above = slot_above(self.bone_map, slot)
            over = self.bone_map.slots[above] if above else bones
            if not set(over) & set(_way_up(bones[0], parents)) and bones[0] not in _way_up(over[-1], parents):
                parents[bones[0]] = over[-1]
        ways = {bone: _way_up(bone, parents) for bone in parents}
        top = ways[self.bone_map.slots["pelvis"][0]][-1]
        kept = sorted((bone for bone, way in ways.items() if way[-1] == top), key=lambda b: (len(ways[b]), index(b)))
        return {bone: parents[bone] for bone in kept}

    def own_bones(self, motion: Motion) -> Motion:
        """A Motion on ``skeleton`` as one on the bones of ``tree``, whose rest is the rig's; bones that are not mapped
        stand as at rest."""
        base = canonical(motion.skeleton.kind)
        offsets = retarget.offsets_between(dict(zip(base.names, base.rest_positions)), self.points)
        world = kinematics.pose(motion)[1]
        slots = {slot: world[:, j] for j, slot in enumerate(motion.skeleton.names)}
        turns = bone_turns(self.bone_map, slots, offsets, self._heads)

        skeleton = self._tree_skeleton
        still = np.broadcast_to(rot.IDENTITY, (len(motion), 4))
        away: list[np.ndarray] = []
        for name, p in zip(skeleton.names, skeleton.parents):
            away.append(turns[name] if name in turns else away[p] if p >= 0 else still)
        local = kinematics.local_from_world(skeleton, np.stack(away, axis=1))
        placed, _ = kinematics.forward(skeleton, np.zeros((len(motion), 3)), local)
        pelvis = skeleton.index(self.bone_map.slots["pelvis"][0])
        return Motion(skeleton, motion.root - placed[:, pelvis], rot.continuous(local), motion.fps, motion.contacts)

    @cached_property
    def _tree_skeleton(self) -> Skeleton:
        names = tuple(self.tree)
        offsets = [self._heads[bone] - self._heads[p] if p else np.zeros(3) for bone, p in self.tree.items()]
        parents = tuple(names.index(p) if p else -1 for p in self.tree.values())
        return Skeleton("other", names, parents, np.array(offsets))


def _way_up(bone: str, parents: Mapping[str, str | None]) -> list[str]:
    """The bone and those that it hangs on, to the topmost."""
    way = [bone]
    while parents[way[-1]] is not None:
        way.append(parents[way[-1]])
    return way
