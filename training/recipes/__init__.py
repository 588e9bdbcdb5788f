"""Whole runs as one script each."""
