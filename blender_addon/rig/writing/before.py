"""What a rig was before a take, as plain data that a file keeps."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

import bpy

from ..keys import PropertyKey
from ..reading import bone_properties
from ..refusal import Refusal
from .actions import Active

_CHANNELS = {"location": 3, "rotation_euler": 3, "rotation_quaternion": 4, "rotation_axis_angle": 4}
"""what a take may key of a bone or the object, and how many numbers that has"""


@dataclass
class Before:
    """Actions and tracks by their names, because the record is saved with the scene."""

    take: str
    """our action"""
    active: dict
    """``Active.to_dict`` of what the rig had"""
    fake_user: bool
    """of the old action"""
    frame: float
    """where the playhead stood"""
    values: dict[str, list[float]]
    """data path -> what the property held, for all that our action keys"""
    switches: list[tuple[str, str, float]] = field(default_factory=list)
    """bone, property, its value"""
    track: str | None = None
    """the stash track that was made"""

    @classmethod
    def of(
        cls,
        context: bpy.types.Context,
        rig: bpy.types.Object,
        active: Active,
        take: str,
        paths: Iterable[str],
        switches: Iterable[PropertyKey],
    ) -> Before:
        """The rig as it stands, for an action that will key the properties at ``paths`` and the ``switches``."""
        return cls(
            take,
            active.to_dict(),
            active.action is not None and active.action.use_fake_user,
            context.scene.frame_current_final,
            {path: list(rig.path_resolve(path)) for path in paths},
            [(key.bone, key.property, bone_properties.get(rig.pose.bones[key.bone], key.property)) for key in switches],
        )

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Before:
        """Refusal for what another version, or somebody's hand, wrote."""
        try:
            before = cls(**json.loads(text))
            before._check()
        except (ValueError, TypeError, AttributeError) as error:
            raise Refusal(f"What the file says of the time before the last take cannot be read ({error}).") from error
        return before

    def _check(self) -> None:
        """ValueError, TypeError or AttributeError for what Blender would not take back."""
        if not isinstance(self.take, str) or not isinstance(self.fake_user, bool):
            raise ValueError(f"take = {self.take}, fake_user = {self.fake_user}")
        for path, values in self.values.items():
            if len(values) != _CHANNELS.get(path.rpartition(".")[2]) or not all(isinstance(v, float) for v in values):
                raise ValueError(f"{path} = {values}")
        for bone, name, value in self.switches:
            if not (isinstance(bone, str) and isinstance(name, str) and isinstance(value, (bool, int, float))):
                raise ValueError(f"{bone} {name} = {value}")
