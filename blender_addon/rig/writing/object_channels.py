"""The armature object's own channels for a way through the world: under its parents and on top of its deltas."""

from __future__ import annotations

import bpy
import numpy as np

from ...backend.motion import rotations as rot
from ..keys import ObjectKeys
from ..refusal import Refusal
from . import channels


def check(rig: bpy.types.Object) -> None:
    """Refusal when the object's own channels cannot carry it."""
    hint = "Choose Hips as Root, or"
    if any(not c.mute and c.influence > 0.0 for c in rig.constraints):
        raise Refusal(f"Root is Object, but constraints hold '{rig.name}'. {hint} mute them.")
    above = _above(rig)[:3, :3]
    gram = above.T @ above
    if np.abs(gram / gram[0, 0] - np.eye(3)).max() > 2e-3:
        raise Refusal(f"Root is Object, but the parents of '{rig.name}' are scaled unevenly. {hint} apply their scale.")


def object_values(rig: bpy.types.Object, keys: ObjectKeys) -> tuple[np.ndarray, np.ndarray]:
    """Values of location (T, 3) and, as quaternions (T, 4), of the rotation that carry the object as ``keys`` says."""
    above = _above(rig)
    size = np.linalg.norm(above[:3, 0])
    turned = rot.from_matrix(above[:3, :3] / size)
    place = rot.rotate(keys.rotation, np.array(rig.matrix_world.translation, float)) + keys.location
    basis = np.array(rig.matrix_basis, float)
    # the basis holds the channels and the deltas: what the channels do not explain stays in front of them
    offset = basis[:3, 3] - np.array(rig.location)
    location = rot.rotate(rot.inverse(turned), place - above[:3, 3]) / size - offset
    now = channels.rotation_now(rig)
    scale = np.array(rig.scale) * np.array(rig.delta_scale)
    delta = rot.multiply(rot.from_matrix(basis[:3, :3] / scale), rot.inverse(now))
    before = rot.multiply(turned, delta)
    return location, rot.multiply(rot.multiply(rot.inverse(before), keys.rotation), rot.multiply(before, now))


def _above(rig: bpy.types.Object) -> np.ndarray:
    """(4, 4): what the object's parents do to its own basis."""
    return np.array(rig.matrix_world @ rig.matrix_basis.inverted(), float)
