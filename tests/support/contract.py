"""The public contract as it lies in schemas/, and the decoder beside it, in one value that tests can spoil.

schemas/<name>.json                            a schema for each event type and for each other thing we send
schemas/common.json, alerts.json               definitions that these refer to
schemas/examples/<name>/valid/<what>.json
schemas/examples/<name>/invalid/<reason>-<what>.json
schemas/asyncapi.yaml                          topics and what they carry
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from stream.flow.intake import rules
from stream.intake.decode import Decoder
from stream.intake.events import TYPES, Event
from stream.intake.partition import Intake
from stream.intake.record import Source
from stream.intake.rejection import Reason, Rejection
from stream.settings import Settings
from stream.topics import TopicSpec, specs
from tests.support.events import TIME_MS

ROOT = Path(__file__).resolve().parents[2] / "schemas"
SHARED = frozenset({"common", "alerts"})
"""Files of definitions alone."""
SENT = frozenset({"cx.alert.raised.v1", "cx.alert.cleared.v1", "cx.score", "cx.rejected.headers"})
"""What we send and do not read back: nothing decodes it."""
TENANTS = frozenset({"acme", "default"})

Schema = Mapping[str, Any]
Verdict = Callable[[str, bytes], str | None]


class Example(NamedTuple):
    """An example file; `reason` is None for a valid one."""

    name: str
    reason: str | None
    path: str
    content: bytes


@dataclass
class Contract:
    """Everything that has to agree."""

    schemas: dict[str, dict[str, Any]]
    examples: list[Example]
    stray: list[str]
    asyncapi: dict[str, Any]
    types: dict[str, dict[str, type[Event]]]
    topics: list[TopicSpec]
    reasons: list[str]
    verdict: Verdict
    """Topic and value → the reason for which an intake rejects it; None: it takes it."""
    decoded: Verdict
    """The same of the decoder alone, which knows no clock."""

    def topic_of(self, type_: str) -> str:
        """The source topic of an event type, without prefix."""
        return next(topic for topic, types in self.types.items() if type_ in types)

    @property
    def event_classes(self) -> Iterator[tuple[str, type[Event]]]:
        """Every event type and its class."""
        for types in self.types.values():
            yield from types.items()

    def validator(self, name: str) -> Validator:
        """What a schema accepts; an integer is spelled as one, and a time is looked up in the calendar."""
        found: Validator = _Validator(
            {"$ref": f"{name}.json"}, registry=self._registry(), format_checker=FormatChecker()
        )
        return found

    def _registry(self) -> Registry[Any]:
        # Without `$schema`, which would bring back the validator that takes 9.0 for an integer.
        resources = (
            (
                f"{name}.json",
                DRAFT202012.create_resource({key: schema[key] for key in schema.keys() - {"$schema"}}),
            )
            for name, schema in self.schemas.items()
        )
        registry: Registry[Any] = Registry()
        return registry.with_resources(resources)


def load(root: Path = ROOT) -> Contract:
    """The contract as it stands."""
    settings = Settings.from_env({"CX_TENANTS": ",".join(sorted(TENANTS))})
    files = sorted(path for path in root.rglob("*") if path.is_file())
    examples = [_example(path, root) for path in files if path.match("examples/*/*/*.json")]
    known = {path.path for path in examples} | {"asyncapi.yaml", "README.md"}
    schemas = [path for path in files if path.parent == root and path.suffix == ".json"]
    names = [path.relative_to(root).as_posix() for path in files]
    return Contract(
        schemas={path.stem: json.loads(path.read_text(encoding="utf-8")) for path in schemas},
        examples=examples,
        stray=[name for name in names if name not in known | {path.name for path in schemas}],
        asyncapi=yaml.safe_load((root / "asyncapi.yaml").read_text(encoding="utf-8")),
        types={topic: dict(types) for topic, types in TYPES.items()},
        topics=specs(settings),
        reasons=[str(reason) for reason in Reason],
        verdict=_verdict(settings),
        decoded=_decoded,
    )


def _example(path: Path, root: Path) -> Example:
    reason = None if path.parent.name == "valid" else path.stem.split("-")[0]
    return Example(path.parents[1].name, reason, path.relative_to(root).as_posix(), path.read_bytes())


@dataclass
class Stored:
    """A record that was stored a second after the examples' time."""

    value: bytes | None
    offset: int = 0
    timestamp: int = TIME_MS + 1_000
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()


def _verdict(settings: Settings) -> Verdict:
    chosen = rules(settings)

    def verdict(topic: str, value: bytes) -> str | None:
        intake = Intake(Source(topic, 0), chosen)
        record = Stored(value)
        intake.fold([record], record.timestamp)
        rejected = intake.checkpoint().rejected
        return str(rejected[0].why.reason) if rejected else None

    return verdict


def _decoded(topic: str, value: bytes) -> str | None:
    found = _DECODERS[topic].decode(value)
    return str(found.reason) if isinstance(found, Rejection) else None


_DECODERS = {topic: Decoder(topic, TENANTS) for topic in TYPES}


def _is_integer(_: Any, instance: Any) -> bool:
    return isinstance(instance, int) and not isinstance(instance, bool)


_Validator: Any = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer),
)
