"""Controls whose keys no formula here tells: Blender evaluates a copy of the rig, and the keys are corrected until the
controls stand where they are wanted.

A control's parents may follow through constraints and drivers of any kind. Whatever they do, a key that is off by the
turn ``x`` in the control's own axes is put right by ``x``; what hangs on the control is expected to go along.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import replace

import bpy
import numpy as np
from mathutils import Quaternion, Vector

from .. import target
from ..bones import RigPose
from ..keys import BoneKeys, Solution
from ..refusal import Refusal
from .fitting import fits_of
from .puppet import Puppet, sweep
from .rounds import Error, Rounds

SLICE = 0.015
"""seconds of work at a time that keep Blender's window alive"""
_FAR_M, _FAR = 5e-3, np.deg2rad(1.0)
"""metres and radians from which on the animator is told"""


class Evaluation:
    """Fits the ``unsolved`` bones of a Solution in slices; ``result`` is the Solution without any, once it is over.

    Its puppet stays in Blender between the slices. Where it was swept away meanwhile, the next slice makes another.
    """

    def __init__(self, rig: bpy.types.Object, pose: RigPose, solution: Solution, start: int):
        self.result: Solution | None = None
        self._rig_uid, self._rig_name = rig.session_uid, rig.name
        self._solution, self._start = solution, start
        self._metre = pose.space.scale * pose.space.unit
        goals = solution.unsolved.values()
        self._frames = len(next(g for goal in goals for g in (goal.rotation, goal.head) if g is not None))
        self._done = 0
        self._keys = {bone: (np.zeros((self._frames, 4)), np.zeros((self._frames, 3))) for bone in solution.unsolved}
        self._errors = dict.fromkeys(solution.unsolved, Error())
        self._puppet: Puppet | None = None
        self._work: Generator[None, None, None] | None = None

    @property
    def fraction(self) -> float:
        return self._done / self._frames

    def step(self, seconds: float) -> bool:
        """Work for about so long, at least until the next evaluation; True when it is over. Refusal when the rig is
        gone."""
        end = time.perf_counter() + seconds
        try:
            rig = self._rig()
            if self._puppet is None or not self._puppet.alive:
                self.close()
                self._work = self._working(rig)
            for _ in self._work:
                if time.perf_counter() > end:
                    return False
        except Exception:  # whatever it was, it is raised again: only the puppet must go
            self.close()
            raise
        self.close()
        self.result = self._finished()
        return True

    def close(self) -> None:
        """Nothing of it is in Blender any more; the next step begins anew where it was."""
        self._work = self._puppet = None
        sweep()

    def _rig(self) -> bpy.types.Object:
        rig = target.find(self._rig_uid)
        if rig is None:
            raise Refusal(f"The armature '{self._rig_name}' was deleted while its controls were fitted.")
        target.check_editable(rig)
        gone = [b for b in (*self._keys, *(k.bone for k in self._solution.bones)) if b not in rig.pose.bones]
        if gone:
            raise Refusal(f"Bone '{gone[0]}' of '{rig.name}' was renamed or deleted meanwhile. Start again.")
        return rig

    def _working(self, rig: bpy.types.Object) -> Generator[None, None, None]:
        """Fit what is not fitted yet; yields when an animator may have waited for long enough."""
        self._puppet = Puppet(rig, self._solution)
        yield from self._puppet.strip()
        fits = fits_of(self._puppet.rig, self._solution.unsolved)
        if self._done:
            for fit in fits:
                rotation, location = (values[self._done - 1] for values in self._keys[fit.bone])
                fit.take_up(Quaternion(rotation), Vector(location))
        rounds = Rounds(self._puppet, fits, self._metre)
        while self._done < self._frames:
            t = self._done
            errors = yield from rounds.fit(self._start + t, t)
            for fit in fits:
                rotation, location = self._keys[fit.bone]
                rotation[t], location[t] = fit.basis
                self._errors[fit.bone] = self._errors[fit.bone].worst(errors[fit.bone])
            self._done += 1

    def _finished(self) -> Solution:
        solution, fitted, warnings = self._solution, [], []
        for bone, goal in solution.unsolved.items():
            rotation, location = self._keys[bone]
            moves = goal.head is not None
            fitted.append(BoneKeys(bone, rotation if goal.rotation is not None else None, location if moves else None))
            error = self._errors[bone]
            if error.distance > _FAR_M or error.angle > _FAR:
                warnings.append(
                    f"'{bone}' {goal.reason}: it could only be brought to {100 * error.distance:.1f} cm and "
                    f"{np.degrees(error.angle):.0f} degrees from where the motion wants it."
                )
        return replace(
            solution, bones=solution.bones + fitted, unsolved={}, warnings=solution.warnings + tuple(warnings)
        )


def fitting(rig: bpy.types.Object, pose: RigPose, solution: Solution, start: int) -> Generator[float, None, Solution]:
    """The Solution with nothing unsolved, in steps that yield the share that is done; itself when nothing is."""
    if not solution.unsolved:
        return solution
    evaluation = Evaluation(rig, pose, solution, start)
    try:
        while not evaluation.step(SLICE):
            yield evaluation.fraction
    finally:
        evaluation.close()
    return evaluation.result
