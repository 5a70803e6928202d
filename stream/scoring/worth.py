"""What customers are worth, as counts that add up: money exact and by currency, never added across. Pure.

Of each customer and currency an account: on how many days they bought again, the first day, the last, what
their orders brought in all and what on the days after the first. Accounts with the same days share keys::

    currency │ days again │ first day │ last - first │ what      15 + 10 + 20 + 14 + 4 bits
                                                      0      customers
                                                      1 … 4  what they brought in all (days all 0)
                                                      5 … 8  what on the days after the first

Money is in units of 10⁻¹⁸, in four parts of nine digits, so that no sum outgrows 64 bits and none is rounded.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from stream.scoring.sparse import pairs

SCALE: Final = 10**18
"""An amount has at most so many parts of a unit of its currency."""
_DIGITS: Final = 10**9
_PARTS: Final = 4
_TOTAL, _AGAIN = 1, 1 + _PARTS
_WHAT, _AGE, _FIRST, _DAYS = 4, 14, 20, 10
"""Bits of a key, from its end."""


class Account(NamedTuple):
    """What a customer bought in one currency; money in units of 1/`SCALE`, refunds taken off."""

    currency: str
    first_day: int
    """Days since 1970-01-01, UTC."""
    last_day: int
    again: int
    """Days after the first on which something was bought."""
    total: int
    later: int
    """What the orders of those days brought, at least 0."""


class Alike(NamedTuple):
    """Customers with the same days."""

    again: int
    first_day: int
    last_day: int
    customers: int
    later: int


class Worth(NamedTuple):
    """What the customers of one currency are worth."""

    customers: int
    total: int
    groups: tuple[Alike, ...]


def exact(text: str) -> int:
    """Return a decimal (at most 18 digits after its point) in units of 1/`SCALE`."""
    whole, _, part = text.lstrip("-").partition(".")
    found = int(whole) * SCALE + int(part.ljust(18, "0"))
    return -found if text.startswith("-") else found


def counts_of(account: Account) -> Iterator[tuple[int, int]]:
    """Yield the keys of an account with what it adds to each; a key may come with 0."""
    currency = _code(account.currency)
    first = min(account.first_day, (1 << _FIRST) - 1)
    age = min(max(0, account.last_day - account.first_day), (1 << _AGE) - 1)
    days = ((min(account.again, (1 << _DAYS) - 1) << _FIRST | first) << _AGE | age) << _WHAT
    yield currency | days, 1
    for base, money in ((currency | _TOTAL, account.total), (currency | days | _AGAIN, account.later)):
        for part, count in enumerate(_split(money)):
            yield base + part, count


def worth(flat: Sequence[int]) -> dict[str, Worth]:
    """Return by currency what a sparse tally says; those without customers are left out."""
    customers: dict[str, dict[int, list[int]]] = {}
    totals: dict[str, int] = {}
    for key, count in pairs(flat):
        currency, what = _name(key), key & (1 << _WHAT) - 1
        if _TOTAL <= what < _AGAIN:
            totals[currency] = totals.get(currency, 0) + count * _DIGITS ** (what - _TOTAL)
            continue
        alike = customers.setdefault(currency, {}).setdefault(_days(key), [0, 0])
        if what:
            alike[1] += count * _DIGITS ** (what - _AGAIN)
        else:
            alike[0] += count
    return {
        currency: Worth(
            sum(n for n, _ in groups.values()),
            totals.get(currency, 0),
            tuple(_alike(days, n, later) for days, (n, later) in groups.items()),
        )
        for currency, groups in customers.items()
    }


def _alike(days: int, customers: int, later: int) -> Alike:
    first = days >> _AGE & (1 << _FIRST) - 1
    return Alike(days >> _AGE + _FIRST, first, first + (days & (1 << _AGE) - 1), customers, later)


def _days(key: int) -> int:
    return key >> _WHAT & (1 << _DAYS + _FIRST + _AGE) - 1


def _code(currency: str) -> int:
    found = 0
    for letter in currency:
        found = 26 * found + ord(letter) - ord("A")
    return found << _DAYS + _FIRST + _AGE + _WHAT


def _name(key: int) -> str:
    rest, letters = key >> _DAYS + _FIRST + _AGE + _WHAT, []
    for _ in range(3):
        rest, letter = divmod(rest, 26)
        letters.append(chr(ord("A") + letter))
    return "".join(reversed(letters))


def _split(money: int) -> list[int]:
    """Parts of nine digits, the lowest first; the last one holds whatever is left."""
    sign, rest, parts = (-1 if money < 0 else 1), abs(money), []
    for _ in range(_PARTS - 1):
        rest, part = divmod(rest, _DIGITS)
        parts.append(sign * part)
    return [*parts, sign * rest]
