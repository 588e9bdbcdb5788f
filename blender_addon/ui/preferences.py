"""Which Python runs the backend."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..rig.refusal import Refusal

ADDON = __package__.rpartition(".")[0]

_WHERE = "in Edit > Preferences > Add-ons > Posewright"


class PosewrightPreferences(bpy.types.AddonPreferences):
    bl_idname = ADDON

    python: bpy.props.StringProperty(
        name="Backend Python",
        description=(
            "Program file of a Python 3.11 or newer with torch, for example of the virtual environment "
            "that 'python3 build_addon.py demo' makes"
        ),
        subtype="FILE_PATH",
    )

    def draw(self, context):
        layout = self.layout
        layout.prop(self, "python")
        if not self.python:
            layout.label(text="Choose the Python that runs the models: bin/python of an environment with torch.")
        row = layout.row()
        row.operator("posewright.check_backend", icon="FILE_REFRESH")
        for line in context.window_manager.posewright.backend_lines():
            layout.label(text=line)


def backend_python(context: bpy.types.Context) -> str:
    """Path of the Python that runs the backend; Refusal when none is set or it is not there."""
    addon = context.preferences.addons.get(ADDON)
    python = addon.preferences.python.strip() if addon is not None else ""
    if not python:
        raise Refusal(f"No backend Python is set. Choose a Python 3.11 or newer that has torch {_WHERE}.")
    path = Path(bpy.path.abspath(python))
    if not path.is_file():
        raise Refusal(f"The backend Python '{path}' is not there. Choose another {_WHERE}.")
    return str(path)
