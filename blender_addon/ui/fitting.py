"""The last part of a generation on some control rigs: Blender evaluates the rig until the controls fit the motion."""

from __future__ import annotations

import traceback
from fractions import Fraction

from ..rig import target
from ..rig.fitting.evaluated import SLICE, Evaluation
from ..rig.reading.read_motion import rate
from ..rig.refusal import Refusal
from ..rig.solving.solve import solve
from .takes import Result


def fitting(result: Result, take: int) -> Fitting | None:
    """What has yet to be done before ``take`` can be put on its rig at the scene's rate: None when nothing is, as what
    is to be keyed is known (the result keeps it) or no evaluation is wanted."""
    order, rig = result.order, target.find(result.order.rig_uid)
    try:
        motion = result.motion(take, rate(order.scene))
        key = (take, motion.fps)
        solution = result.solutions.get(key) or solve(order.pose, motion, order.options)
    except Exception:  # whatever it is, the applying operator meets it again, and reports it
        return None
    if solution.unsolved and rig is not None:
        return Fitting(result, key, Evaluation(rig, order.pose, solution, order.start))
    if not solution.unsolved:
        result.solutions[key] = solution
    return None


class Fitting:
    """A job as ``client/job.py`` has them, of the add-on's own: every ``poll`` works for a slice. What is to be keyed
    is then among the ``result``'s solutions, under ``key``."""

    stage = "fitting the control rig"

    def __init__(self, result: Result, key: tuple[int, Fraction], evaluation: Evaluation):
        self.over = False
        self.failure: Exception | None = None
        self.result, self.take = result, key[0]
        self._key, self._evaluation = key, evaluation

    @property
    def fraction(self) -> float:
        return self._evaluation.fraction

    def poll(self) -> None:
        try:
            self.over = self._evaluation.step(SLICE)
            if self.over:
                self.result.solutions[self._key] = self._evaluation.result
        except Refusal as refusal:
            self._fail(refusal)
        except Exception as error:  # whatever it is, the timer that drives this must go on
            traceback.print_exc()
            message = f"The control rig could not be fitted ({type(error).__name__}: {error})"
            self._fail(RuntimeError(f"{message}; the system console shows where."))

    def cancel(self) -> None:
        self.over = True
        self._evaluation.close()

    def _fail(self, failure: Exception) -> None:
        self.over, self.failure = True, failure
