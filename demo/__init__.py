"""A character made by code and the steps of ``build_addon.py demo``; runs inside Blender's Python module."""
