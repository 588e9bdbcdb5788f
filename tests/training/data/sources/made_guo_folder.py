"""HumanML3D's and KIT-ML's folder in miniature, in their true layout."""

import zipfile

import numpy as np

from backend.motion import kinematics
from backend.motion import rotations as rot
from backend.motion.features import humanml263
from backend.motion.motion import Motion
from backend.motion.skeleton import canonical

TEXT = "a person walks forward.#a/DET person/NOUN walk/VERB forward/ADV#0.0#0.0\n"


def moving(frames=41, fps=20, seed=4):
    """A smooth Motion on our own skeleton that goes along a curve, turning less than half a turn: past it the published
    recovery leaves the path."""
    rng = np.random.default_rng(seed)
    vectors = kinematics.gaussian(rng.normal(size=(frames, 22, 3)), 6.0)
    rotations = rot.exp(vectors)
    rotations[:, 0] = rot.multiply(rot.about_y(1.0 + 0.007 * np.arange(frames)), rot.exp(0.3 * vectors[:, 0]))
    root = np.array([3.0, 0.95, -2.0]) + np.arange(frames)[:, None] * [0.03, 0.0, 0.02]
    return Motion(canonical(), root, rotations, fps)


def rows(frames=40, seed=4):
    """(frames, 263)"""
    return humanml263.encode(moving(frames + 1, seed=seed))


def write(folder, vectors=(), joints=(), texts=(), zipped=(), lists=()):
    """``vectors``, ``joints``: ID -> array; ``texts``, ``zipped``: ID -> text; ``lists``: name -> IDs."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, arrays in (("new_joint_vecs", dict(vectors)), ("new_joints", dict(joints))):
        for clip, array in arrays.items():
            (folder / kind).mkdir(exist_ok=True)
            np.save(folder / kind / f"{clip}.npy", array)
    for clip, text in dict(texts).items():
        (folder / "texts").mkdir(exist_ok=True)
        (folder / "texts" / f"{clip}.txt").write_text(text, encoding="utf-8")
    if zipped:
        with zipfile.ZipFile(folder / "texts.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for clip, text in dict(zipped).items():
                archive.writestr(f"texts/{clip}.txt", text)
                archive.writestr(f"__MACOSX/texts/._{clip}.txt", b"\0\5\x16\7")
    for name, clips in dict(lists).items():
        (folder / f"{name}.txt").write_text("".join(f"{clip}\n" for clip in clips))
    return folder


def read_all(source):
    """ID -> Take or Skipped."""
    return {item.id: found for item in source.items() for found in source.read(item)}
