"""What went wrong with the backend, in words for the animator."""

from __future__ import annotations

CHANGE_PYTHON = (
    "Change Backend Python in Edit > Preferences > Add-ons > Posewright; left blank, Blender's own Python is used."
)


class BackendFailure(Exception):
    """``str(failure)`` is the whole message; ``action`` alone says what to click or change."""

    def __init__(self, message: str, action: str = ""):
        text = message.rstrip()
        if action and text[-1:] not in ".!?":
            text += "."
        super().__init__(f"{text} {action}".strip())
        self.action = action
