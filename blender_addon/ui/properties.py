"""What is saved with the scene: the animator's wishes, bone maps set by hand, how rigs were, the last report."""

from __future__ import annotations

import bpy

from ..backend.protocol import LIMITS

SCHEMA = 1
_MODES = (
    ("auto", "As It Is", "The way that the limb's switch stands now"),
    ("fk", "FK", "The FK controls are keyed, and the switch with them"),
    ("ik", "IK", "The IK control and its pole are keyed, and the switch with them"),
)


class PosewrightMap(bpy.types.PropertyGroup):
    """The bone map of one armature that was changed by hand. Found by its pointer: a linked or overridden object has
    one too, and it survives renaming."""

    rig: bpy.props.PointerProperty(type=bpy.types.Object, options={"HIDDEN"})
    json: bpy.props.StringProperty(description="The bone map (version 1)", options={"HIDDEN"})
    guesses: bpy.props.StringProperty(
        description="What was guessed and is not confirmed yet: slot -> [confidence, reason] as JSON",
        options={"HIDDEN"},
    )


class PosewrightBefore(bpy.types.PropertyGroup):
    """How one armature was before the last take was put on it: what Discard brings back."""

    rig: bpy.props.PointerProperty(type=bpy.types.Object, options={"HIDDEN"})
    json: bpy.props.StringProperty(options={"HIDDEN"})


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
    use_keys: bpy.props.BoolProperty(
        name="Use Key Poses",
        description="The motion passes near the poses that you keyed from the playhead on. A frame on which only "
        "fingers or the character's place are keyed is none",
        default=True,
    )
    root: bpy.props.EnumProperty(
        name="Root",
        description="What carries the way over the ground",
        items=(
            ("hips", "Hips", "The hips go the way; a root bone stays where it is"),
            ("root", "Root Bone", "The root bone goes over the ground and turns with the character, as games need it"),
            ("object", "Object", "The armature object itself goes over the ground"),
            ("in_place", "In Place", "The character stays where it is; only its sway is kept"),
        ),
        default="hips",
    )
    arms: bpy.props.EnumProperty(name="Arms", description="Which controls of the arms are keyed", items=_MODES)
    legs: bpy.props.EnumProperty(name="Legs", description="Which controls of the legs are keyed", items=_MODES)
    fingers: bpy.props.EnumProperty(
        name="Fingers",
        description="Shape of fingers that the motion does not move. Fingers that you keyed are never touched",
        items=(
            ("keep", "Keep", "The fingers stay as they are"),
            ("relaxed", "Relaxed", "Slightly bent, as a hand hangs"),
            ("fist", "Fist", "Closed"),
            ("straight", "Straight", "Stretched out"),
        ),
        default="relaxed",
    )
    feet_correction: bpy.props.FloatProperty(
        name="Feet",
        description="How far the legs are bent so that the feet get where the motion has them on this body's size. "
        "0: every limb keeps the motion's direction",
        default=1.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )
    hands_correction: bpy.props.FloatProperty(
        name="Hands",
        description="How far the arms are bent so that the hands get where the motion has them on this body's size. "
        "0: every limb keeps the motion's direction",
        default=1.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )
    maps: bpy.props.CollectionProperty(type=PosewrightMap, options={"HIDDEN"})
    map_shown: bpy.props.EnumProperty(
        name="Show",
        description="Which slots the bone map lists",
        items=(
            ("all", "All", "Every slot"),
            ("unsure", "Unsure", "Slots whose bone is a guess that wants a look"),
            ("unmapped", "Unmapped", "Slots without a bone"),
        ),
    )
    source: bpy.props.PointerProperty(
        name="From",
        description="The armature whose action is retargeted onto the selected one",
        type=bpy.types.Object,
        poll=lambda _, thing: thing.type == "ARMATURE",
    )
    before: bpy.props.CollectionProperty(type=PosewrightBefore, options={"HIDDEN"})
    rig: bpy.props.PointerProperty(
        name="Rig", description="The armature of the last generation", type=bpy.types.Object, options={"HIDDEN"}
    )
    report: bpy.props.StringProperty(
        name="Report", description="How the last motion was made, as JSON", options={"HIDDEN"}
    )


CLASSES = (PosewrightMap, PosewrightBefore, PosewrightScene)
