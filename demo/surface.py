"""An implicit body: round cones with smooth joins, and the mesh of their common surface. numpy alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Blob:
    """A cone with round ends from ``a`` to ``b`` (metres) with a radius at each; ``squash`` divides the axes of space
    before measuring, so that (1, .7, 1) makes it flat in y. ``bone`` is what it moves with."""

    bone: str
    a: tuple[float, float, float]
    b: tuple[float, float, float]
    radius_a: float
    radius_b: float
    squash: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def distance(self, points: np.ndarray) -> np.ndarray:
        """Signed distance (N,) in metres of points (N, 3): below zero inside; approximate where squashed."""
        squash = np.asarray(self.squash)
        middle = (np.asarray(self.a) + np.asarray(self.b)) / 2
        a, b = (np.asarray(self.a) - middle) / squash, (np.asarray(self.b) - middle) / squash
        p = (points - middle) / squash
        axis = b - a
        along = np.clip((p - a) @ axis / max(axis @ axis, 1e-12), 0, 1)
        nearest = a + along[:, None] * axis
        radius = self.radius_a + along * (self.radius_b - self.radius_a)
        return (np.linalg.norm(p - nearest, axis=1) - radius) * min(self.squash)


def field(blobs: list[Blob], points: np.ndarray, join: float) -> np.ndarray:
    """Signed distance (N,) of the smooth union of the blobs; ``join`` is the width of the fillets in metres."""
    total = np.zeros(len(points))
    lowest = np.full(len(points), np.inf)
    distances = []
    for blob in blobs:
        d = blob.distance(points)
        distances.append(d)
        lowest = np.minimum(lowest, d)
    for d in distances:
        total += np.exp(-(d - lowest) / join)
    return lowest - join * np.log(total)


def sample(distance: Callable[[np.ndarray], np.ndarray], axes: list[np.ndarray], block: int = 5) -> np.ndarray:
    """Signed distances on a grid, (X, Y, Z): exact near the surface, elsewhere only of the right sign.

    ``axes`` are the grid's coordinates with one common step; ``distance`` maps points (N, 3) to (N,) and never changes
    faster than the place does. So a block whose middle lies further away than its corners holds no surface.
    """
    step = float(axes[0][1] - axes[0][0])
    middles = [axis[::block] + step * (block - 1) / 2 for axis in axes]
    coarse = distance(_points(middles)).reshape([len(m) for m in middles])
    # one step beyond the corners: an edge may lead into the neighbouring block
    near = np.abs(coarse) <= np.sqrt(3) * step * ((block - 1) / 2 + 1)
    within = tuple(slice(len(axis)) for axis in axes)
    values = np.kron(coarse, np.ones((block,) * 3))[within]
    exact = np.kron(near, np.ones((block,) * 3, bool))[within]
    values[exact] = distance(_points(axes)[exact.ravel()])
    return values


def _points(axes: list[np.ndarray]) -> np.ndarray:
    """All points (N, 3) of a grid, the last axis fastest."""
    return np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)


def shares(blobs: list[Blob], points: np.ndarray, width: float) -> tuple[list[str], np.ndarray]:
    """How much each bone moves each point: names (B) and weights (N, B) that sum to one and fade over ``width``."""
    names = list(dict.fromkeys(blob.bone for blob in blobs))
    nearest = np.full((len(points), len(names)), np.inf)
    for blob in blobs:
        column = names.index(blob.bone)
        nearest[:, column] = np.minimum(nearest[:, column], blob.distance(points))
    weights = np.exp(-(nearest - nearest.min(1, keepdims=True)) / width)
    # four bones a vertex is what game engines and glTF readers keep
    order = np.argsort(-weights, axis=1, kind="stable")
    np.put_along_axis(weights, order[:, 4:], 0, axis=1)
    weights[weights < 0.02] = 0
    return names, weights / weights.sum(1, keepdims=True)


def mesh(values: np.ndarray, origin: np.ndarray, cell: float) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (N, 3) and quads (Q, 4), facing out, of the zero level of a grid (X, Y, Z) of signed distances.

    Surface nets: one vertex in each cell that the surface crosses, at the mean of the crossings on its edges.
    """
    inside = values < 0
    corners = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)])
    size = np.array(values.shape) - 1
    count = sum(inside[i : i + size[0], j : j + size[1], k : k + size[2]].astype(int) for i, j, k in corners)
    cells = np.argwhere((count > 0) & (count < 8))
    number = np.full(tuple(size), -1)
    number[tuple(cells.T)] = np.arange(len(cells))
    total, crossings = np.zeros((len(cells), 3)), np.zeros(len(cells))
    for start in corners:
        for axis in np.flatnonzero(start == 0):
            end = start.copy()
            end[axis] = 1
            u, v = values[tuple((cells + start).T)], values[tuple((cells + end).T)]
            cut = (u < 0) != (v < 0)
            t = u[cut] / (u[cut] - v[cut])
            total[cut] += start + t[:, None] * (end - start)
            crossings[cut] += 1
    vertices = origin + cell * (cells + total / crossings[:, None])
    quads = [_quads(inside, number, axis) for axis in range(3)]
    return vertices, np.concatenate(quads)


def _quads(inside: np.ndarray, number: np.ndarray, axis: int) -> np.ndarray:
    """The four cells around each grid edge along ``axis`` that the surface crosses, in the order that faces out."""
    u, v = [a for a in range(3) if a != axis]
    if axis == 1:
        u, v = v, u
    low, high = np.moveaxis(inside, axis, 0)[:-1], np.moveaxis(inside, axis, 0)[1:]
    found = []
    for entering in (True, False):
        edges = np.argwhere((low & ~high) if entering else (~low & high))
        rest = [a for a in range(3) if a != axis]
        at = np.zeros((len(edges), 3), int)
        at[:, axis], at[:, rest[0]], at[:, rest[1]] = edges.T
        ring = []
        for du, dv in ((-1, -1), (0, -1), (0, 0), (-1, 0)):
            cell = at.copy()
            cell[:, u] += du
            cell[:, v] += dv
            ring.append(number[tuple(cell.T)])
        found.append(np.stack(ring if entering else ring[::-1], axis=1))
    return np.concatenate(found)
