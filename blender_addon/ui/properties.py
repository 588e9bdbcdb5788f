"""What is saved with the scene: the wishes of the animator and the report of the last generation."""

from __future__ import annotations

import bpy

from ..backend.protocol import LIMITS

SCHEMA = 1


class PosewrightScene(bpy.types.PropertyGroup):
    """``Scene.posewright``. On the scene and not on the armature, so that linked and overridden rigs keep it."""

    schema: bpy.props.IntProperty(default=SCHEMA, options={"HIDDEN"})
    prompt: bpy.props.StringProperty(
        name="Prompt",
        description="What the character does, in English: a person walks forward, then waves with the right hand",
        # in bytes, a character has up to 4: what the field cuts is still over the limit, and is refused
        maxlen=8 * LIMITS.text,
        options={"TEXTEDIT_UPDATE"},
    )
    seconds: bpy.props.FloatProperty(
        name="Seconds",
        description="Length of the motion; 0 lets the model choose",
        default=4.0,
        min=0.0,
        max=LIMITS.max_seconds,
        step=50,
        precision=1,
    )
    seed: bpy.props.IntProperty(
        name="Seed",
        description="The same seed, prompt and length give the same motion",
        default=0,
        min=0,
        max=LIMITS.seed,
    )
    new_seed: bpy.props.BoolProperty(
        name="New Seed", description="Choose a new seed each time Generate is pressed", default=False
    )
    takes: bpy.props.IntProperty(
        name="Takes",
        description="How many takes are made; the one that fits the prompt best is put on the rig",
        default=4,
        min=1,
        max=LIMITS.takes,
    )
    rig: bpy.props.PointerProperty(
        name="Rig", description="The armature of the last generation", type=bpy.types.Object, options={"HIDDEN"}
    )
    report: bpy.props.StringProperty(
        name="Report", description="How the last motion was made, as JSON", options={"HIDDEN"}
    )
