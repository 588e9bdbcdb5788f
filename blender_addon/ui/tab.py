"""The tab of the 3D view's sidebar that all panels are in."""

from __future__ import annotations


class Tab:
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Posewright"


class SubPanel(Tab):
    """A panel under the main one, closed at first."""

    bl_parent_id = "POSEWRIGHT_PT_main"
    bl_options = {"DEFAULT_CLOSED"}
