"""The body that HumanML3D and Motion-X put every motion on, at rest: T-pose, as ``skeleton`` has it.

Its bone lengths are published. Which way its bones point at rest is not, but follows nearly: how pelvis and chest are
shaped is read off the public sample, in which they are rigid to a micrometre; how they and the rest of the torso are
tilted is what the mean of HumanML3D's rows (set C) shows, less the mean posture of the CMU recordings on our skeleton
(pelvis 2, spine 10, 11 and 8, neck 14 degrees forwards), which HumanML3D holds too. TMR's target pose, a person who
stands straight but looks down, agrees to 5 degrees save for the head. Limbs point as in the canonical skeleton.
"""

from __future__ import annotations

import numpy as np

from .. import rotations as rot
from ..skeleton import KINDS, Skeleton, canonical

# Metres, of clip 000021; the public sample 012314 and TMR's target pose (both MIT) give the same
_BODY = (
    0.0, 0.103074, 0.1098834, 0.1315682, 0.3936232, 0.3901882, 0.1431902, 0.4324331, 0.4256433, 0.0573647, 0.1433818,
    0.1494191, 0.2193601, 0.1374868, 0.1433828, 0.1030392, 0.131614, 0.1229844, 0.25684, 0.2630917, 0.2660117,
    0.2698764,
)  # fmt: skip
# Metres, of TMR's target pose: index, middle, pinky, ring, thumb of the left hand, then of the right
_HANDS = (
    0.1083995, 0.0332047, 0.0233451, 0.1137725, 0.0320461, 0.024734, 0.0991952, 0.0204555, 0.0198185, 0.1051208,
    0.0296731, 0.0246192, 0.055922, 0.0318913, 0.0273585, 0.1078704, 0.0338764, 0.023438, 0.1129984, 0.0320968,
    0.0245031, 0.0986551, 0.0203527, 0.0196619, 0.1045343, 0.0295803, 0.0246688, 0.0553202, 0.032278, 0.0277954,
)  # fmt: skip
LENGTHS = {"smpl22": np.array(_BODY), "smplx52": np.array(_BODY + _HANDS)}
"""(J,) of the bone that ends in each joint"""
# Unit vectors, of the left side and the centre. The spine is bent and the head lies far before the neck. With the
# canonical directions instead the chest of the public sample leans 45 degrees back from its spine (28 with these) and
# its neck 30 degrees forwards (3)
_TORSO = {
    "left_hip": (0.566, -0.824, 0.006), "spine1": (0.0, 0.956, -0.292), "spine2": (0.0, 0.990, 0.139),
    "spine3": (0.0, 0.990, 0.139), "neck": (0.0, 0.998, -0.070), "left_collar": (0.512, 0.843, -0.167),
    "head": (0.0, 0.883, 0.469),
}  # fmt: skip


def _reference(kind: str) -> Skeleton:
    skeleton = canonical(kind)
    directions = skeleton.offsets.copy()
    for name, direction in _TORSO.items():
        directions[skeleton.index(name)] = direction
        if name.startswith("left_"):
            directions[skeleton.index(name.replace("left_", "right_"))] = np.array(direction) * [-1.0, 1.0, 1.0]
    return skeleton.with_offsets(rot.normalize(directions) * LENGTHS[kind][:, None])


REFERENCE = {kind: _reference(kind) for kind in KINDS}
"""by kind of skeleton"""
