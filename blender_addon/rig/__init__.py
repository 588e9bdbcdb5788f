"""The rig side: read the rest pose and the present place, map bones, turn a Motion into keyed bones."""
