"""The stash: a muted NLA track that keeps an action which is no longer active."""

from __future__ import annotations

import bpy

from .actions import Active

STASH = "[Action Stash]"


def stash(rig: bpy.types.Object, before: Active) -> str | None:
    """Keep the action that the rig had before on a muted NLA track, untouched; no track stays when that fails.

    The name of the track that was made; None when there was no action, or it is stashed already.
    """
    if before.action is None:
        return None
    data, made = rig.animation_data, None
    if not _is_stashed(data, before.action, before.slot):
        track = data.nla_tracks.new()
        try:
            _fill(track, before)
        except Exception:  # whatever it was, it is raised again: only the half-made track must go
            data.nla_tracks.remove(track)
            raise
        made = track.name
    if before.action.library is None:
        before.action.use_fake_user = True
    return made


def remove(rig: bpy.types.Object, name: str | None, kept: Active) -> None:
    """Take away the track ``name`` that stashes ``kept``; one that holds anything else by now stays."""
    tracks = rig.animation_data.nla_tracks
    for track in tracks:
        if track.name == name and len(track.strips) == 1 and track.strips[0].action == kept.action:
            tracks.remove(track)
            return


def _fill(track, before: Active) -> None:
    track.name = STASH
    strip = track.strips.new(before.action.name, round(before.action.frame_range[0]), before.action)
    if before.slot is not None:
        strip.action_slot = before.slot
    track.mute = True
    track.lock = True


def _is_stashed(data, action, slot) -> bool:
    for track in data.nla_tracks:
        if not track.mute:
            continue
        for strip in track.strips:
            if strip.action == action and (slot is None or strip.action_slot == slot):
                return True
    return False
