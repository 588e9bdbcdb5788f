"""A pinhole camera, and where it must stand so that a whole clip is in the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Camera:
    """World: metres, Y up. ``axes`` (3, 3): rows right, up and back (towards the viewer) in the world; ``eye`` (3,);
    ``focal`` in pixels; ``centre`` (2,): the pixel that the camera points at, y downwards."""

    axes: np.ndarray
    eye: np.ndarray
    focal: float
    centre: np.ndarray

    def project(self, points) -> tuple[np.ndarray, np.ndarray]:
        """Pixels (..., 2) and depths (...), metres before the eye, of world points (..., 3)."""
        seen = (np.asarray(points) - self.eye) @ self.axes.T
        depth = -seen[..., 2]
        flat = seen[..., :2] * (self.focal / depth)[..., None]
        return self.centre + flat * (1.0, -1.0), depth

    def line(self, a, b, nearest: float = 0.1) -> np.ndarray | None:
        """Pixels (2, 2) of the part of the segment from ``a`` to ``b`` that is ``nearest`` metres or more before the
        eye; None when none is."""
        ends = np.array([a, b], float)
        before = -(ends - self.eye) @ self.axes[2] - nearest
        if (before < 0).all():
            return None
        if (before < 0).any():
            behind = int(before[1] < 0)
            ends[behind] += (ends[1 - behind] - ends[behind]) * (before[behind] / (before[behind] - before[1 - behind]))
        return self.project(ends)[0]


def looking(azimuth: float, elevation: float) -> np.ndarray:
    """Camera axes (3, 3), radians: from ``azimuth`` about +Y (0 = from +Z) and ``elevation`` over the horizon."""
    sin, cos = np.sin(azimuth), np.cos(azimuth)
    right = np.array([cos, 0.0, -sin])
    back = np.array([sin * np.cos(elevation), np.sin(elevation), cos * np.cos(elevation)])
    return np.stack([right, np.cross(back, right), back])


def framing(points, axes: np.ndarray, size: tuple[int, int], angle: float, margin: float = 0.1) -> Camera:
    """The nearest camera with these ``axes`` that sees all ``points`` (..., 3), each with ``margin`` metres about it,
    in a picture of ``size`` (width, height) pixels; ``angle``: of view across its height, radians."""
    width, height = size
    tangent = np.tan(angle / 2)
    seen = np.reshape(points, (-1, 3)) @ axes.T
    placed, distance = [], -np.inf
    for k, tan in ((0, tangent * width / height), (1, tangent)):
        # in front of each edge plane of the picture: x - X <= tan (D - z) and X - x <= tan (D - z) for every point
        room = margin * np.hypot(1.0, tan)
        high = np.max(seen[:, k] + tan * seen[:, 2]) + room
        low = np.max(-seen[:, k] + tan * seen[:, 2]) + room
        placed.append((high - low) / 2)
        distance = max(distance, (high + low) / (2 * tan))
    eye = np.array([*placed, distance]) @ axes
    return Camera(axes, eye, height / 2 / tangent, np.array([width / 2, height / 2]))
