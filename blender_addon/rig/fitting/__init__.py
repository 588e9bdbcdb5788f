"""Control rigs that no formula solves: Blender evaluates a copy of them, in steps."""
