"""Panels, operators, properties and preferences: the only part that the animator sees."""
