"""What stands for a customer and an id."""

import pytest

from stream.intake.customers import DIGEST, Hasher, Index

KEY, OTHER_KEY = b"k" * 32, b"l" * 32


def test_a_customer_is_the_same_only_in_the_same_tenant_and_under_the_same_key() -> None:
    """Nobody can compare two services, or two tenants, by their hashes."""
    hasher = Hasher(KEY)
    assert hasher.customer("acme", "c-1") == hasher.customer("acme", "c-1")
    assert 4 == len(
        {
            hasher.customer("acme", "c-1"),
            hasher.customer("acme", "c-2"),
            hasher.customer("globex", "c-1"),
            Hasher(OTHER_KEY).customer("acme", "c-1"),
        }
    )


def test_no_two_of_tenant_and_subject_run_together() -> None:
    """`a` with `bc` is not `ab` with `c`."""
    assert Hasher(KEY).customer("a", "bc") != Hasher(KEY).customer("ab", "c")


def test_an_entitys_key_begins_with_its_customer_and_shows_no_id() -> None:
    """So that all of a customer can be found; a response and an invitation of one id differ."""
    hasher = Hasher(KEY)
    customer = hasher.customer("acme", "jane")
    response, invitation = (hasher.entity(customer, kind, "id-1") for kind in (b"r", b"i"))
    assert response != invitation
    assert [customer] * 2 == [response[:DIGEST], invitation[:DIGEST]]
    assert b"jane" not in response
    assert b"id-1" not in response
    assert 2 * DIGEST == len(response)


def test_a_lone_surrogate_in_an_id_is_hashed_like_any_other() -> None:
    """JSON can carry it; UTF-8 cannot."""
    hasher = Hasher(KEY)
    assert hasher.customer("acme", "\ud800") != hasher.customer("acme", "\ud801")
    assert hasher.entity(b"c", b"r", "\ud800") != hasher.entity(b"c", b"r", "\ud801")


ONE, TWO = (b"a" * DIGEST + each * DIGEST for each in (b"x", b"y"))
"""Invitations of the same customer."""


@pytest.mark.parametrize("invitations", [(b"", b"", b""), (ONE, TWO, ONE), (b"", ONE, ONE), (ONE, ONE, ONE)])
def test_the_index_gives_back_a_customers_keys(invitations: tuple[bytes, ...]) -> None:
    """None, one or several; none twice; whatever invitations they name."""
    index, keys = Index(), [b"a" * DIGEST + bytes([n]) for n in range(3)]
    assert [] == index.of(b"a" * DIGEST)
    for n, (key, invitation) in enumerate(zip(keys, invitations, strict=True)):
        index.add(key, invitation)
        index.add(key, invitation)
        assert keys[: n + 1] == sorted(index.of(b"a" * DIGEST))
    assert [] == index.of(b"b" * DIGEST)


@pytest.mark.parametrize("invitations", [(b"", b"", b""), (ONE, TWO, ONE), (b"", ONE, ONE), (ONE, ONE, ONE)])
def test_what_is_discarded_is_gone_and_what_was_never_there_does_not_matter(
    invitations: tuple[bytes, ...],
) -> None:
    """Down to no key at all, and up again."""
    index, keys = Index(), [b"a" * DIGEST + bytes([n]) for n in range(3)]
    for key, invitation in zip(keys, invitations, strict=True):
        index.add(key, invitation)
    for n, (key, invitation) in enumerate(zip(keys, invitations, strict=True)):
        index.discard(key, invitation)
        index.discard(key, invitation)
        assert keys[n + 1 :] == sorted(index.of(b"a" * DIGEST))
    assert {} == index._keys
    index.discard(b"b" * DIGEST, b"")
    index.add(keys[0], ONE)
    index.discard(keys[1], ONE)
    assert keys[:1] == index.of(b"a" * DIGEST)


def test_who_names_an_invitation_is_found_without_looking_at_the_others() -> None:
    """But for the first that came, of which it is not known."""
    index, keys = Index(), [b"a" * DIGEST + bytes([n]) for n in range(100)]
    for n, key in enumerate(keys):
        index.add(key, (b"", ONE, TWO)[n % 3])
    assert keys[:1] + keys[1::3] == sorted(index.naming(ONE))
    assert keys[:1] == index.naming(b"a" * DIGEST + b"z" * DIGEST)
    assert [] == index.naming(b"b" * 2 * DIGEST)


@pytest.mark.parametrize("invitation", [b"", ONE, TWO])
def test_the_first_is_listed_like_the_others_once_it_is_known_what_it_names(invitation: bytes) -> None:
    """To be told so again, or of another key, changes nothing; nor does it matter while the key is alone."""
    index, keys = Index(), [b"a" * DIGEST + bytes([n]) for n in range(3)]
    index.add(keys[0], invitation)
    index.know(keys[0], invitation)
    assert keys[:1] == index.naming(TWO)
    index.add(keys[1], TWO)
    for key, names in ((keys[1], TWO), (keys[0], invitation), (keys[0], invitation), (keys[2], ONE)):
        index.know(key, names)
    assert keys[:2] == sorted(index.of(b"a" * DIGEST))
    assert (keys[:2] if invitation == TWO else keys[1:2]) == sorted(index.naming(TWO))
    assert (keys[:1] if invitation == ONE else []) == index.naming(ONE)
    for key, names in zip(keys, (invitation, TWO), strict=False):
        index.add(key, names)
        index.discard(key, names)
    assert {} == index._keys
