"""Stacks of a profiler, added up: top functions, and a flame graph as a small SVG.

A stack is a line of `outer;…;inner count`, as py-spy and others write them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape

_WIDTH, _ROW, _LETTER = 1_200, 17, 6.2
_LEAST = 0.004
"""What is seldomer on a stack than that is not drawn."""


@dataclass
class Frame:
    """A function as called from there, and how many looks found it on the stack."""

    name: str
    looks: int = 0
    inner: dict[str, "Frame"] = field(default_factory=dict)


def top(stacks: Iterable[str], most: int) -> list[tuple[str, float, float]]:
    """Functions with the shares of all looks that found them on top, and anywhere; the first ones lead."""
    own, within = Counter[str](), Counter[str]()
    for names, looks in _read(stacks):
        own[names[-1]] += looks
        for name in set(names):
            within[name] += looks
    total = sum(own.values()) or 1
    return [(name, looks / total, within[name] / total) for name, looks in own.most_common(most)]


def table(found: Iterable[tuple[str, float, float]]) -> str:
    """The functions, one a line."""
    lines = [f"{own:6.1%} {within:6.1%}  {name}" for name, own, within in found]
    return "\n".join([" on top within  function", *lines]) + "\n"


def drawn(stacks: Iterable[str]) -> str:
    """The flame graph: outermost at the top, as wide as often; a title tells name and share."""
    root = Frame("all")
    for names, looks in _read(stacks):
        at = root
        root.looks += looks
        for name in names:
            at = at.inner.setdefault(name, Frame(name))
            at.looks += looks
    boxes = list(_boxes(root, 0, 0.0, root.looks or 1))
    height = (1 + max(depth for depth, _, _, _ in boxes)) * _ROW
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif"'
    return "\n".join([f'{head} font-size="11">', *(_box(*box) for box in boxes), "</svg>\n"])


def _read(stacks: Iterable[str]) -> Iterator[tuple[list[str], int]]:
    for line in stacks:
        frames, _, looks = line.rpartition(" ")
        if not frames:  # a thread that had no frame yet
            continue
        yield [_named(frame) for frame in frames.split(";")], int(looks)


def _named(frame: str) -> str:
    """`function (path:line)` without the line, and the path from its package on."""
    function, bracket, place = frame.partition(" (")
    if not bracket:
        return frame
    path = place.rpartition(":")[0] or place.rstrip(")")
    return f"{function} ({path.rpartition('site-packages/')[2]})"


def _boxes(frame: Frame, depth: int, left: float, total: int) -> Iterator[tuple[int, float, float, str]]:
    """Depth, left end, share and name. What only hands on to one other is passed over: nobody misses it."""
    while len(frame.inner) == 1:
        (only,) = frame.inner.values()
        if only.looks < frame.looks:
            break
        frame = only
    yield depth, left, frame.looks / total, frame.name
    for each in sorted(frame.inner.values(), key=lambda each: each.name):
        if each.looks >= _LEAST * total:
            yield from _boxes(each, depth + 1, left, total)
        left += each.looks / total


def _box(depth: int, left: float, share: float, name: str) -> str:
    x, y, width = left * _WIDTH, depth * _ROW, share * _WIDTH
    red, green = 205 + _number(name) % 50, 90 + _number(name) // 50 % 130
    letters = int((width - 4) / _LETTER)
    text = escape(name if len(name) <= letters else name[: max(letters - 1, 0)] + "…") if letters > 3 else ""
    return (
        f'<g><title>{escape(name)} {share:.1%}</title><rect x="{x:.1f}" y="{y}" width="{width:.1f}" '
        f'height="{_ROW - 1}" fill="rgb({red},{green},60)"/>'
        f'<text x="{x + 2:.1f}" y="{y + 12}">{text}</text></g>'
    )


def _number(name: str) -> int:
    """The same in every process, for the colour."""
    return sum(map(ord, name)) * 7_919
