"""A Motion as what is to be keyed on each bone: no bpy."""
