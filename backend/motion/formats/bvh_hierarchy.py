"""The HIERARCHY part of a BVH file."""

from __future__ import annotations

from dataclasses import dataclass

from .text import FormatError, Limits, number


class BvhError(FormatError):
    """A BVH file that cannot be read or written."""


@dataclass(eq=False)
class Joint:
    name: str
    parent: int
    line: int
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    channels: tuple[str, ...] = ()  # such as "Xposition", capitalised like that
    first: int = 0  # column of its first channel
    end: tuple[float, float, float] | None = None


class Hierarchy:
    """Reads the tokens of the HIERARCHY part, keeping their line numbers."""

    def __init__(self, path, lines: list[str], limits: Limits):
        self.path, self.limits = path, limits
        self.tokens = [
            (token, i)
            for i, line in enumerate(lines, 1)
            for token in line.replace("{", " { ").replace("}", " } ").split()
        ]
        self.at = 0
        self.last_line = len(lines)

    def fail(self, message: str, line: int | None = None):
        raise BvhError(self.path, line or self.line(), message)

    def line(self) -> int:
        return self.tokens[min(self.at, len(self.tokens)) - 1][1] if self.tokens else self.last_line

    def take(self) -> str:
        if self.at >= len(self.tokens):
            self.fail("the HIERARCHY ends in the middle of a joint", self.last_line)
        self.at += 1
        return self.tokens[self.at - 1][0]

    def expect(self, word: str):
        got = self.take()
        if got.upper() != word:
            self.fail(f"expected {word!r}, got {got[:40]!r}")

    def vector(self) -> tuple[float, float, float]:
        x, y, z = (number(self.take(), self.path, self.line(), BvhError) for _ in range(3))
        return x, y, z

    def name(self) -> str:
        """The rest of the line: some exporters put spaces into names."""
        words = [self.take()]
        line = self.line()
        while self.at < len(self.tokens) and self.tokens[self.at][1] == line and self.tokens[self.at][0] != "{":
            words.append(self.take())
        return " ".join(words)

    def parse(self) -> list[Joint]:
        self.expect("HIERARCHY")
        self.expect("ROOT")
        joints: list[Joint] = []
        names: set[str] = set()
        stack: list[int] = []
        self._open(joints, names, stack)
        while stack:
            word = self.take().upper()
            joint = joints[stack[-1]]
            if word == "OFFSET":
                joint.offset = self.vector()
            elif word == "CHANNELS":
                self._channels(joint)
            elif word == "JOINT":
                self._open(joints, names, stack)
            elif word == "END":
                self.name()
                self.expect("{")
                self.expect("OFFSET")
                joint.end = self.vector()
                self.expect("}")
            elif word == "}":
                stack.pop()
            else:
                self.fail(f"expected OFFSET, CHANNELS, JOINT, End Site or a closing brace, got {word[:40]!r}")
        if self.at < len(self.tokens):
            self.at += 1
            self.fail(f"one skeleton a file can be read; after it stands {self.tokens[self.at - 1][0][:40]!r}")
        column = 0
        for joint in joints:
            joint.first = column
            column += len(joint.channels)
        if column == 0:
            self.fail("no joint has CHANNELS: the file holds no motion")
        return joints

    def _open(self, joints, names, stack):
        name = self.name()
        if name in names:
            self.fail(f"two joints are named {name!r}; rename one in the file")
        names.add(name)
        joints.append(Joint(name, stack[-1] if stack else -1, self.line()))
        stack.append(len(joints) - 1)
        if len(joints) > self.limits.joints or len(stack) > self.limits.depth:
            self.fail(f"at most {self.limits.joints} joints, {self.limits.depth} deep, are read")
        self.expect("{")

    def _channels(self, joint: Joint):
        count = self.take()
        if not (count.isascii() and count.isdigit() and int(count[:3]) <= 6 and len(count) == 1):
            self.fail(f"a joint has 0 to 6 CHANNELS, got {count[:40]!r}")
        channels = [self.take().capitalize() for _ in range(int(count))]
        for channel in channels:
            if channel[0] not in "XYZ" or channel[1:] not in ("position", "rotation"):
                self.fail(f"unknown channel {channel[:40]!r}; known: Xposition, Yposition, ... Zrotation")
        if len(set(channels)) != len(channels):
            self.fail("a joint lists one channel twice")
        joint.channels = tuple(channels)
