"""The published systems behind one interface; each knows engines, none knows torch."""

from __future__ import annotations

from ..protocol import RequestError

NAMES = ("motiongpt", "motiongpt2")


def create(bundle, engine):
    """The system that ``bundle`` (bundles.Bundle) was made for, on ``engine``; RequestError otherwise."""
    if bundle.system == "motiongpt":
        from .motiongpt import MotionGPT

        return MotionGPT(bundle, engine)
    if bundle.system == "motiongpt2":
        from .motiongpt2 import MotionGPT2

        return MotionGPT2(bundle, engine)
    raise RequestError(
        "system",
        f"bundle {bundle.name} needs system {bundle.system!r}; this build has {', '.join(NAMES)}",
        "Update Posewright, or use another bundle.",
    )
