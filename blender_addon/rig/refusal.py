"""The one exception for what the animator can put right."""


class Refusal(ValueError):
    """Why something cannot be done, in words for the panel and the status bar: what was found and what to click."""
