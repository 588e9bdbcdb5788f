"""The mean body: of the ASF subjects that are not held out, in metres, alike on both sides, in canonical form."""

import numpy as np
import pytest

from backend.motion.skeleton import canonical
from training.data import proportions
from training.data.sources.cmu import Cmu


def test_the_mean_body_is_measured_without_held_out_subjects(tmp_path, layouts):
    for subject in ("01", "02"):
        (tmp_path / subject).mkdir()
        layouts.asf(tmp_path / subject / f"{subject}.asf")
        layouts.amc(tmp_path / subject / f"{subject}_01.amc", seconds=0.05)
    text = (tmp_path / "02" / "02.asf").read_text()
    (tmp_path / "02" / "02.asf").write_text(text.replace("length 7.2", "length 9.9"))
    source = Cmu(tmp_path)
    takes = [take for item in source.items() for take in source.read(item)]
    names, offsets = canonical().names, proportions.mean_offsets(takes, ("02",))
    assert offsets.shape == (22, 3)
    left, right = (offsets[names.index(f"{side}_knee")] for side in ("left", "right"))
    assert np.linalg.norm(left) == pytest.approx(7.2 * 2.54 / 45, rel=1e-3)
    np.testing.assert_allclose(left, right * [-1, 1, 1], atol=1e-12)
    assert (np.abs(left[[0, 2]]) < 0.01).all()  # hangs straight down in canonical form
    with pytest.raises(ValueError, match="--cmu"):
        proportions.mean_offsets(takes, ("01", "02"))
