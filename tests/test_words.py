from slvp.words import counted


def test_one_is_no_plural() -> None:
    assert [counted(number, "mask") for number in (0, 1, 2, 12345)] == [
        "0 masks",
        "1 mask",
        "2 masks",
        "12,345 masks",
    ]
