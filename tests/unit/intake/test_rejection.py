"""The closed set of reasons."""

from stream.intake.rejection import MAX_DETAIL, Reason, Rejection


def test_reasons_are_those_of_the_contract_in_its_order() -> None:
    """The order is the order of the checks."""
    expected = (
        "too_big malformed not_cloudevents unknown_type missing_field bad_type bad_label personal_data"
        " unknown_tenant off_scale future too_late"
    )
    assert expected.split() == list(Reason)


def test_long_details_are_cut() -> None:
    """They travel in record headers."""
    assert MAX_DETAIL == len(Rejection(Reason.BAD_TYPE, "x" * 5_000).detail)
    assert Rejection(Reason.BAD_TYPE, "x" * MAX_DETAIL).detail == "x" * MAX_DETAIL
