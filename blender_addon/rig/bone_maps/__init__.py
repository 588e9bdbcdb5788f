"""Bone maps of armatures: found, kept, checked and changed."""
