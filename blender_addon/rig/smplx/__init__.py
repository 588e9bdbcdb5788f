"""Characters from a user's SMPL-X or SMPL-H model."""
