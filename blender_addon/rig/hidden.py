"""Why an object cannot be clicked in the 3D view, and what shows it again."""

from __future__ import annotations

import bpy

_FILTER = "(the Outliner's Filter shows these icons)"


def why(context: bpy.types.Context, thing: bpy.types.Object) -> str:
    """What hides an object of the scene, and what to click; empty where nothing does."""
    if thing.visible_get():
        return ""
    for layer in _way_to(context.view_layer.layer_collection, thing):
        reason = _of_collection(layer)
        if reason:
            return f"'{thing.name}' is not shown, because its collection '{layer.name}' is {reason}."
    if thing.hide_viewport:
        return f"'{thing.name}' is disabled in viewports: click its screen icon in the Outliner {_FILTER}."
    if thing.hide_get():
        return f"'{thing.name}' is hidden: press Alt H in the 3D view, or click its eye in the Outliner."
    return ""


def _way_to(layer: bpy.types.LayerCollection, thing: bpy.types.Object) -> list[bpy.types.LayerCollection]:
    """The collections that an object is in, outermost first; of several such ways the first one, none = it is in none
    under ``layer``."""
    if thing.name in layer.collection.objects:
        return [layer]
    below = next((way for child in layer.children if (way := _way_to(child, thing))), [])
    return [layer, *below] if below else []


def _of_collection(layer: bpy.types.LayerCollection) -> str:
    if layer.exclude:
        return "excluded from the view layer: tick its box in the Outliner"
    if layer.collection.hide_viewport:
        return f"disabled in viewports: click its screen icon in the Outliner {_FILTER}"
    return "hidden: click its eye in the Outliner" if layer.hide_viewport else ""
