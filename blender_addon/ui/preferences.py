"""How the backend runs. Left alone, Blender's own Python runs it from the add-on's folder."""

from __future__ import annotations

import os
import sys

import bpy

from ..client.launch import Launch
from ..rig.refusal import Refusal
from .text import wrapped

ADDON = __package__.rpartition(".")[0]

_WHERE = "in Edit > Preferences > Add-ons > Posewright"


class PosewrightPreferences(bpy.types.AddonPreferences):
    bl_idname = ADDON

    engine: bpy.props.EnumProperty(
        name="Engine",
        description="What runs the models",
        items=(
            ("auto", "Automatic", "NumPy for small models; torch for big ones or with a GPU, where it is installed"),
            ("numpy", "NumPy (works everywhere)", "Runs small models on the processor, with nothing to install"),
            ("torch", "Torch (GPU, big models)", "Needs a Backend Python that has torch"),
        ),
        default="auto",
    )
    threads: bpy.props.IntProperty(
        name="CPU Threads",
        description="How many threads the models may use on the processor; 0 is automatic",
        default=0,
        min=0,
        max=1024,
        soft_max=64,
    )
    python: bpy.props.StringProperty(
        name="Backend Python",
        description=(
            "Leave this blank to use Blender's own Python. For the torch engine: program file of a Python 3.11 or "
            "newer with torch, for example bin/python of a virtual environment"
        ),
        subtype="FILE_PATH",
    )

    def draw(self, context):
        layout, problem, python = self.layout, "", ""
        try:
            python = backend_python(context)
        except Refusal as refusal:
            problem = str(refusal)
        fields = layout.column()
        fields.use_property_split = True
        fields.use_property_decorate = False
        fields.prop(self, "engine")
        fields.prop(self, "threads")
        fields.prop(self, "python", placeholder=f"Blender's own: {python}")
        if problem:
            wrapped(context, layout, problem, "ERROR")
        elif self.engine == "torch" and not self.python.strip():
            wrapped(context, layout, "Blender's own Python comes without torch: choose a Python that has it.", "INFO")
        layout.operator("posewright.check_backend", icon="FILE_REFRESH")
        for line in context.window_manager.posewright.backend_lines():
            wrapped(context, layout, line, None)


def launch(context: bpy.types.Context) -> Launch:
    """The backend that the preferences ask for; Refusal as from ``backend_python``."""
    wishes = _preferences(context)
    if wishes is None:
        return Launch(backend_python(context), remember=_remember())
    return Launch(backend_python(context), wishes.engine, wishes.threads, _remember())


def backend_python(context: bpy.types.Context) -> str:
    """Path of the Python that runs the backend; Refusal when it is not there. Cheap: the panel asks at every redraw.

    Blender's own is looked up each time and never stored: two versions of Blender may share their preferences.
    """
    wishes = _preferences(context)
    chosen = wishes.python.strip() if wishes is not None else ""
    if chosen:
        path = os.path.expanduser(bpy.path.abspath(chosen))
        if not os.path.isfile(path):
            raise Refusal(f"The Backend Python '{path}' is not there. Clear the field or choose another {_WHERE}.")
        return path
    own = sys.executable or ""
    # where Blender finds no Python beside it, the name of its own program stands there
    if not os.path.isfile(own) or own == bpy.app.binary_path:
        raise Refusal(
            f"This Blender does not know where its own Python is (sys.executable is {own!r}). "
            f"Choose a Python 3.11 or newer that has numpy as Backend Python {_WHERE}."
        )
    return own


def _preferences(context: bpy.types.Context) -> PosewrightPreferences | None:
    """None where the add-on was switched on without preferences (blender --addons)."""
    addon = context.preferences.addons.get(ADDON)
    return addon.preferences if addon is not None else None


def _remember() -> str:
    """The file for ``Launch.remember``, in the folder that belongs to the add-on and outlives its updates."""
    try:
        folder = bpy.utils.extension_path_user(ADDON, path="", create=True)
    except (ValueError, OSError):  # not installed as an extension
        folder = ""
    # where nothing can be written Blender names no folder either
    return os.path.join(folder, "checked_bundles.json") if folder else ""


CLASSES = (PosewrightPreferences,)
