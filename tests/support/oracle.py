"""An independent recount: what the service must export for the records that stand in Kafka.

Shares no code with the service. Slow and plain on purpose: every fault of a record is looked for, every
standing answer is kept for ever, every window is a filter over all of them. Parts: `tests/support/recount/`.

How ambiguous rules are read here (where the service reads one otherwise, the contract decides):

* The size of a record is that of its value (the trouble has no large headers). Depth counts the outermost
  object as 1.
* A null attribute or optional field is one that is not given; a null required field of `data` is `bad_type`.
* Only a wrong or missing `specversion` is `not_cloudevents`; any other absent attribute is a `missing_field`.
  Strings outside their length are `bad_type`; ids of entities have 1 to 128 characters as those of events.
  NaN, text that is no Unicode, a byte order mark, and binary mode with a value that is no object are
  `malformed`. A repeated key counts with its last value.
* Binary mode: there is a `ce_` header, and the content type is not `application/cloudevents...`.
* `(source, id)` is one space for a partition, over tenants and types. What the resolver calls a duplicate (an
  old revision, a known invitation) was accepted: it registers its id. Distance is counted in records as read.
* A rejection comes before test, test before duplicate.
* The highest accepted time (event clock) moves with every event that is neither rejected, test nor a copy.
* A misplaced record is not where murmur2 of `<tenantid>:<subject>` would put it; judged for every record that
  is not rejected. A customer's state in such a partition is apart from the state at home.
* A retraction that names an unknown response marks its id; marks last from the retraction's own now. Both a
  `response_id` and `all_of_subject`: both happen.
* `cx_corrections_total`: `retraction` and `revision` by response removed or replaced, whether or not it had
  counted answers; `late_invitation` by response of which something counted moved; `late` by event that ends
  as `counted`.
* Expiry of an invitation changes nothing, not even for answers that come after it.
* The response rate takes an answer to any metric. Its window is that of the invitation's time only.
* A series is shown in every window up to the longest that holds something of it. A window with neutral
  interactions only has fewer than the privacy limit and is not empty: only `cx_low_confidence` is shown.
* "Up to and with the pane that holds its end": what lies ahead of the end in that pane counts.
* A response is over when the longest window and the lateness behind its time have passed by the tenant's
  clock, and with the event clock by the highest time of each KPI that it answers, as counted in its
  partition; unless the windows of the response rate, by the same rule, hold its invitation. An invitation is
  over when that is so for its own time, and it has expired (a year after it was sent at the latest). Marks of
  retractions are over by the clock. What is over is unknown: its id may come again, with any revision.
* By the event clock the parts of a KPI (the pyramid and its dimensions; journeys and how long they took) end
  together, at the highest time counted of any.
* The first `started` and the first `ended` of a journey stand, by record. A journey counts at its end, in no
  channel; one that ends before it starts has no duration. It is over like a response, by its last event.

* Tickets: a response at the time of a start belongs to that start; resolving ends the waiting, not the
  measurement; a second `opened` of an id and a second event of one kind and time are duplicates; without
  `opened` a ticket is in no channel. Every event of a ticket that is not of a bot, automatic or internal
  moves the event clock. Who waits is told for all windows alike, of those who began in the longest; no
  privacy limit.
* Subscriptions: a change holds from its `effective_at` on; of one subscription the last one says whether it
  is active, and a customer is while one is. Who bought is active for `inactivity` from then on. A window's
  start is where its first pane begins, its end where its last one ends. Nothing is forgotten here: what the
  service forgets is in no window.
* Orders: the first purchase of an id stands. Customers count at the time of their first purchase (an account:
  of the first in its currency), and the windows end with those of purchase churn. A refund is taken off the
  day of its order, where that is known; what the days after the first brought is at least 0. Who is forgotten
  (inactivity and twice what is kept) is new.
* The latest answer per customer: by event time, of one time the one that came last; a correction for each
  other response of which answers count that did not, or no longer do.

`CX_MAX_SERIES` is not modelled.
"""

from collections.abc import Iterable

from tests.support.recount.journeys import Journeys
from tests.support.recount.judging import judge
from tests.support.recount.model import Counted, Event, Record, Recount, Rules, of_one_kpi
from tests.support.recount.murmur import partition_of
from tests.support.recount.orders import Orders
from tests.support.recount.subscriptions import Purchases, Subscriptions
from tests.support.recount.surveys import Customer, Times
from tests.support.recount.tickets import Tickets, schedules_of
from tests.support.recount.windows import cells

__all__ = ["Record", "Recount", "Rules", "cells", "recount"]


def recount(records: Iterable[Record], rules: Rules) -> Recount:
    """Judge and count all records of the source topics, each partition in the order of its offsets."""
    found = Recount()
    partitions: dict[tuple[str, int], _Partition] = {}
    for record in sorted(records, key=lambda r: (r.topic, r.partition, r.offset)):
        place = (record.topic, record.partition)
        if place not in partitions:
            partitions[place] = _Partition(rules, found)
        partitions[place].take(record)
    for partition in partitions.values():
        partition.leave()
    return found


class _Partition:
    """One source partition, record by record."""

    def __init__(self, rules: Rules, found: Recount) -> None:
        self._rules, self._found = rules, found
        self._index = 0
        self._accepted_at: dict[tuple[str, str], int] = {}
        self._clocks_ms: dict[str, int] = {}
        self._stored_ms = 0
        self._ends_ms: dict[tuple[str, str], int] = {}
        self._interactions: list[Counted] = []
        self._customers: dict[tuple[str, str], Customer] = {}
        self._journeys: dict[tuple[str, str], Journeys] = {}
        self._tickets: dict[tuple[str, str], Tickets] = {}
        self._subscriptions: dict[tuple[str, str], Subscriptions] = {}
        self._purchases: dict[tuple[str, str], Purchases] = {}
        self._orders: dict[tuple[str, str], Orders] = {}
        self._schedules = schedules_of(rules.config)

    def take(self, record: Record) -> None:
        """Count one record."""
        self._index += 1
        self._stored_ms = max(self._stored_ms, record.timestamp_ms)
        event = self._judge(record)
        if isinstance(event, str):
            self._found.rejected[record.topic, event] += 1
            self._found.rejections[record.topic, record.partition, record.offset] = event
            self._found.records[record.topic, "rejected"] += 1
            return
        if partition_of(f"{event.tenant}:{event.subject}", self._rules.partitions) != record.partition:
            self._found.misplaced[record.topic] += 1
        outcome = self._outcome(event, record.timestamp_ms)
        self._found.records[record.topic, outcome] += 1

    def leave(self) -> None:
        """Hand over what stands at the end."""
        self._found.standing.extend(self._interactions)
        for customer in self._customers.values():
            self._found.standing.extend(customer.standing())
        for journeys in self._journeys.values():
            self._found.standing.extend(journeys.standing())
        for (tenant, _), subscriptions in self._subscriptions.items():
            self._found.customers.append(("churn_subscription", tenant, subscriptions))
        for (tenant, _), purchases in self._purchases.items():
            self._found.customers.append(("churn_purchase", tenant, purchases))
        for orders in self._orders.values():
            self._found.standing.extend(orders.standing())
        for tickets in self._tickets.values():
            self._found.standing.extend(tickets.standing())

    def _judge(self, record: Record) -> Event | str:
        rules = self._rules
        event = judge(record, rules)
        if isinstance(event, str):
            return event
        if event.time_ms > record.timestamp_ms + rules.max_skew_ms:
            return "future"
        oldest_ms = self._base_ms(event, record.timestamp_ms) - rules.longest_ms - rules.max_lateness_ms
        return "too_late" if event.time_ms < oldest_ms else event

    def _base_ms(self, event: Event, now_ms: int) -> int:
        """From where lateness is measured."""
        return self._clocks_ms.get(event.tenant, event.time_ms) if self._rules.clock == "event" else now_ms

    def _outcome(self, event: Event, now_ms: int) -> str:
        if event.data.get("test"):
            return "test"
        identity = (event.source, event.id)
        if (
            self._index - self._accepted_at.get(identity, -self._rules.dedup_records)
            <= self._rules.dedup_records
        ):
            return "duplicate"
        self._accepted_at[identity] = self._index
        given = event.data.get("segments", {})
        used = {key: given[key] for key in given.keys() & self._rules.segment_keys}
        event = event._replace(data={**event.data, "segments": used})
        base_ms = self._base_ms(event, now_ms)
        self._clocks_ms[event.tenant] = max(self._clocks_ms.get(event.tenant, 0), event.time_ms)
        outcome = self._resolve(event)
        if outcome == "counted" and event.time_ms < base_ms - self._rules.grace_ms:
            self._found.corrections["late"] += 1
        return outcome

    def _resolve(self, event: Event) -> str:
        if event.type == "cx.interaction.v1":
            self._count_interaction(event)
        who = event.tenant, event.subject
        known: Customer | Journeys | Tickets
        if event.type.startswith("cx.survey."):
            known = self._customers.setdefault(
                who, Customer(self._found.corrections, latest=self._rules.latest)
            )
        elif event.type.startswith("cx.journey."):
            known = self._journeys.setdefault(who, Journeys(event.tenant))
        elif event.type.startswith("cx.ticket."):
            known = self._tickets.setdefault(who, Tickets(event.tenant, self._found, self._schedules))
        elif event.type in {"cx.purchase.v1", "cx.refund.v1"}:
            return self._order(who, event)
        elif event.type.startswith("cx.subscription."):
            outcome = self._subscriptions.setdefault(who, Subscriptions()).take(event)
            if outcome == "counted":
                self._reach(event.tenant, "churn_subscription", event.time_ms)
            return outcome
        else:
            return "counted"
        outcome = known.take(event, self._times(event.tenant))
        for counted in known.standing():
            self._reach(counted.tenant, counted.family, counted.time_ms)
        if isinstance(known, Tickets) and known.reached_ms is not None:
            self._reach(event.tenant, "waiting", known.reached_ms)
        return outcome

    def _order(self, who: tuple[str, str], event: Event) -> str:
        outcome = self._orders.setdefault(who, Orders(self._rules)).take(event, self._times(event.tenant))
        if outcome == "counted":
            if event.type == "cx.purchase.v1":
                bought = self._purchases.setdefault(who, Purchases(self._rules.inactivity_ms))
                bought.times_ms.append(event.time_ms)
            self._reach(event.tenant, "churn_purchase", event.time_ms)
        return outcome

    def _reach(self, tenant: str, family: str, at_ms: int) -> None:
        self._found.reach(tenant, family, at_ms)
        for each in of_one_kpi(family):
            self._ends_ms[tenant, each] = max(self._ends_ms.get((tenant, each), at_ms), at_ms)

    def _times(self, tenant: str) -> Times:
        """When what the tenant's customers left standing is over."""
        if self._rules.clock == "event":
            return Times(
                self._rules, self._clocks_ms[tenant], lambda family: self._ends_ms.get((tenant, family), -1)
            )
        return Times(self._rules, self._stored_ms, lambda _: self._stored_ms)

    def _count_interaction(self, event: Event) -> None:
        given = event.data
        if "valence" in given:
            place = (
                given["channel"],
                given.get("touchpoint", ""),
                tuple(sorted(given.get("segments", {}).items())),
            )
            counted = Counted(
                "positive", given["valence"], event.tenant, "interaction", *place, event.time_ms
            )
            self._interactions.append(counted)
            self._found.count_highest(counted)
