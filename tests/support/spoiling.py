"""Valid examples, spoiled in one place in every way we know of: schema and decoder must think the same."""

import copy
import json
from collections.abc import Iterator
from typing import Any, Final

from tests.support.agreement import UNSEEN
from tests.support.contract import SENT, Contract

_WHOLE: Final = "examples/cx.interaction.v1/valid/full.json"
_HOLD_MOST: Final = frozenset({"full.json", "all-of-subject.json", "every-metric.json", "skipped-alone.json"})
Path = tuple[str | int, ...]

REPLACEMENTS: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, 1, 5, -1, 11, 2**63 - 1, 2**63, 10**30, 9.5, 9.0),
    *(
        "",
        "x",
        "a b",
        "web\n",
        "wéb",
        "x" * 64,
        "x" * 65,
        "x" * 128,
        "x" * 129,
        "x" * 256,
        "ACME",
        "1.0",
        "\u00a0",
    ),
    *(
        "jane@example.com",
        "jane%40example.com",
        "c@1",
        "default",
        "12.50",
        "-12.50",
        "1e3",
        "EUR",
        "eur",
        "XXX",
    ),
    *("2026-05-04T10:15:30Z", "2026-05-04t10:15:30.5+02:00", "2026-02-30T10:15:30Z", "2026-05-04T10:15:60Z"),
    *(
        "2026-05-04T24:00:00Z",
        "0000-05-04T10:15:30Z",
        "2026-05-04T10:15:30",
        "2026-05-04T10:15:30Z\n",
        "2026-05-04",
    ),
    *(
        "nps",
        "journey",
        "gdpr",
        "positive",
        "achieved",
        "human",
        "success",
        "cx.purchase.v1",
        "cx.interaction.v1",
    ),
    *(
        [],
        {},
        [1],
        ["nps"],
        ["nps", "nps"],
        ["joy"],
        {"plan": "pro"},
        {"plan": "a b"},
        {"plan": 1},
        {"plan": None},
    ),
    *(
        [{}],
        [{"metric": "nps"}],
        [{"metric": "nps", "value": 9}],
        [{"metric": "ces", "skipped": True}],
        [None],
    ),
    [{"metric": "nps", "value": 9}, {"metric": "nps", "value": 9}],
    [{"metric": "nps", "value": 9, "skipped": True}],
)


def schemas_and_decoder_agree_on_spoiled_examples(contract: Contract) -> Iterator[str]:
    """In both directions: what one accepts the other accepts, but for reasons that no schema can see.

    `data` is spoiled in the examples that hold the most; attributes, which all types have in common, in one.
    """
    for name in sorted({example.name for example in contract.examples} - SENT):
        topic = contract.topic_of(name)
        validators = {type_: contract.validator(type_) for type_ in contract.types[topic]}
        for example in (each for each in contract.examples if each.name == name and each.reason is None):
            if example.path.rpartition("/")[2] not in _HOLD_MOST:
                continue
            for what, event in spoiled(json.loads(example.content), example.path == _WHOLE):
                # A refund spoiled into a purchase is a good purchase.
                type_ = event.get("type")
                validator = validators.get(type_ if isinstance(type_, str) else name, validators[name])
                said = contract.decoded(topic, json.dumps(event).encode())
                if validator.is_valid(event) != (said is None or said in UNSEEN):
                    yield f"{example.path} with {what}: the decoder says {said}, the schema does not"


def spoiled(event: dict[str, Any], attributes: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """The event without each of its parts, and with each replaced by each of the replacements.

    `attributes`: also those beside `data`.
    """
    for path in _paths(event):
        if path[0] != "data" and not attributes:
            continue
        where = ".".join(map(str, path))
        changed = copy.deepcopy(event)
        parent: Any = changed
        for step in path[:-1]:
            parent = parent[step]
        for replacement in REPLACEMENTS:
            parent[path[-1]] = replacement
            yield f"{where} = {replacement!r:.50}", changed
        del parent[path[-1]]
        yield f"no {where}", changed


def _paths(node: Any, path: Path = ()) -> Iterator[Path]:
    """The ways to every part of an event, itself left out."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, content in items:
        yield (*path, step)
        yield from _paths(content, (*path, step))
