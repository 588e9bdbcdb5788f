"""Automatic bone maps: which bone of a rig is which part of the body, how surely, and why."""
