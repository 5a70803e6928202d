"""The topics as data; making them is tested on a real Kafka."""

from stream import topics
from stream.settings import Settings


def _spec(settings: Settings, name: str) -> topics.TopicSpec:
    return next(spec for spec in topics.specs(settings) if spec.name == name)


def test_every_topic_of_the_contract_is_there_once() -> None:
    """Public topics carry the prefix, changelogs the application id."""
    settings = Settings.from_env({"CX_TOPIC_PREFIX": "p.", "CX_APP_ID": "app"})

    public = ["p.surveys", "p.interactions", "p.relationships", "p.scores", "p.alerts", "p.rejected"]
    kept = ["app-intake-surveys", "app-intake-interactions", "app-intake-relationships", "app-scores-state"]
    assert public == [spec.name for spec in topics.specs(settings) if not spec.internal]
    assert {"p.tallies", *kept} == {spec.name for spec in topics.specs(settings) if spec.internal}
    assert {4} == {spec.partitions for spec in topics.specs(settings)}


def test_source_topics_outlive_the_longest_window_and_refuse_what_expands() -> None:
    """Retention is the longest window and 10 days; the broker stamps and unpacks what it gets."""
    assert _spec(Settings.from_env({"CX_WINDOWS": "5m,30d"}), "cx.interactions").configs == {
        "cleanup.policy": "delete",
        "retention.ms": str(40 * 86_400_000),
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": "1048576",
        "compression.type": "uncompressed",
    }


def test_rejected_records_stay_for_two_weeks() -> None:
    """Long enough to mend a publisher and redrive."""
    assert _spec(Settings(), "cx.rejected").configs["retention.ms"] == str(14 * 86_400_000)


def test_scores_and_changelogs_are_compacted() -> None:
    """They hold the latest of each key, for ever."""
    for name in ("cx.scores", topics.changelog(Settings(), "surveys"), topics.scores_changelog(Settings())):
        assert _spec(Settings(), name).configs["cleanup.policy"] == "compact"
