"""A profiler's stacks, added up and drawn."""

from xml.etree import ElementTree as ET

from bench.stacks import drawn, table, top

STACKS = [
    "run (/x/site-packages/faust/app.py:10);fold (stream/a.py:1);add (stream/b.py:7) 60",
    "run (/x/site-packages/faust/app.py:10);fold (stream/a.py:2) 30",
    "run (/x/site-packages/faust/app.py:12);send <now> (stream/c.py:3) 10",
]


def test_functions_are_told_by_how_often_they_were_on_top() -> None:
    """Whatever the line; a function that calls itself counts once a look."""
    found = top([*STACKS, "again (a.py:1);again (a.py:2) 100"], 2)
    assert [("again (a.py)", 0.5, 0.5), ("add (stream/b.py)", 0.3, 0.3)] == found
    assert ("fold (stream/a.py)", 0.3, 0.9) == top([" 7", *STACKS], 2)[1]
    assert " 30.0%  90.0%  fold (stream/a.py)" in table(top(STACKS, 3))


def test_a_flame_graph_is_an_svg_with_boxes_as_wide_as_often() -> None:
    """What is seldom is left out; names are escaped."""
    text = drawn([*STACKS, "run (/x/site-packages/faust/app.py:9);rare (r.py:1) 0"])
    svg = ET.fromstring(text)  # noqa: S314 - our own
    boxes = {}
    for group in svg:
        title, rect, _ = group
        boxes[title.text] = float(rect.attrib["width"])
    assert {
        "run (faust/app.py) 100.0%": 1200.0,
        "fold (stream/a.py) 90.0%": 1080.0,
        "add (stream/b.py) 60.0%": 720.0,
        "send <now> (stream/c.py) 10.0%": 120.0,
    } == boxes
