"""Which rig is meant, and whether it can be animated: every refusal says what to click."""

from __future__ import annotations

import bpy
import numpy as np

from . import hidden
from .refusal import Refusal

_OVERRIDE = "Use Make Library Override (Object > Library Override > Make), then try again."


def selected_rig(context: bpy.types.Context) -> bpy.types.Object:
    """The active armature, fit to be animated; Refusal otherwise."""
    rig = active_armature(context)
    check_editable(rig)
    check_size(rig)
    return rig


def active_armature(context: bpy.types.Context) -> bpy.types.Object:
    """The armature that is active and selected; Refusal otherwise."""
    active = context.active_object
    if active is None or not active.select_get():
        raise Refusal(_nothing_selected(context, active))
    if active.type != "ARMATURE":
        raise Refusal(_not_an_armature(context, active))
    return active


def find(session_uid: int) -> bpy.types.Object | None:
    """The object with this uid, whatever it is called by now; None when it is gone from every scene."""
    return next((o for o in bpy.data.objects if o.session_uid == session_uid and o.users_scene), None)


def _nothing_selected(context: bpy.types.Context, active: bpy.types.Object | None) -> str:
    meant = active is not None and active.type == "ARMATURE"
    rigs = [active] if meant else [o for o in context.scene.objects if o.type == "ARMATURE"]
    if rigs and not any(rig.visible_get() for rig in rigs):
        return f"Nothing is selected. {hidden.why(context, rigs[0])} Then click the armature of your character."
    return "Nothing is selected. Click the armature of your character."


def _not_an_armature(context: bpy.types.Context, active: bpy.types.Object) -> str:
    if active.type == "EMPTY" and active.instance_collection is not None:
        return f"'{active.name}' is an instance of the collection '{active.instance_collection.name}'. {_OVERRIDE}"
    rig = None
    if active.type == "MESH":
        rig = next((m.object for m in active.modifiers if m.type == "ARMATURE" and m.object is not None), None)
    above = active.parent
    while rig is None and above is not None:
        rig, above = (above if above.type == "ARMATURE" else None), above.parent
    kind = "a mesh" if active.type == "MESH" else f"of type {active.type.replace('_', ' ').lower()}"
    if rig is not None:
        advice = f"Select its armature '{rig.name}' instead. {hidden.why(context, rig)}"
        return f"'{active.name}' is {kind}. {advice}".rstrip()
    return f"'{active.name}' is {kind}. Select an armature."


def check_editable(rig: bpy.types.Object) -> None:
    """Refusal when the rig cannot take keys just now: linked, in edit mode, or in NLA tweak mode."""
    override = rig.override_library
    if rig.library is not None and override is None:
        raise Refusal(f"'{rig.name}' is linked from {bpy.path.basename(rig.library.filepath)}. {_OVERRIDE}")
    if override is not None and override.is_system_override:
        raise Refusal(
            f"'{rig.name}' is a library override that is not editable. "
            "In the Outliner use Library Override > Make > Selected & Content on it."
        )
    if rig.mode == "EDIT":
        raise Refusal(f"'{rig.name}' is in Edit Mode. Press Tab to leave it.")
    if rig.animation_data is not None and rig.animation_data.use_tweak_mode:
        raise Refusal(f"A strip of '{rig.name}' is in NLA tweak mode. Press Tab in the NLA editor to leave it.")


def check_size(rig: bpy.types.Object) -> None:
    """Refusal for a scale, parents included, that is negative, zero or not the same along all axes."""
    m = np.array(rig.matrix_world, float)[:3, :3]
    scale = np.linalg.norm(m, axis=0)
    hint = f"Select '{rig.name}' in Object Mode and use Object > Apply > Scale (its parents first)."
    if scale.min() < 1e-9:
        raise Refusal(f"'{rig.name}' is scaled to nothing. {hint}")
    if np.linalg.det(m) < 0.0:
        raise Refusal(f"'{rig.name}' has a negative scale (mirrored). {hint}")
    gram = m.T @ m / scale.mean() ** 2
    if np.abs(gram - np.eye(3)).max() > 2e-3:
        sizes = " x ".join(f"{s:.3g}" for s in scale)
        raise Refusal(f"'{rig.name}' is not scaled evenly ({sizes}, or sheared by a parent). {hint}")
