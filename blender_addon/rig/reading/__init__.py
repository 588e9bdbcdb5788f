"""Read a rig: its bones at rest and now, its pose, its motion, what is keyed."""
