"""Motions from elsewhere: files, other armatures, AMASS parameters."""
