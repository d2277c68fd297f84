"""Numbers as people read them."""

from mnistops.report.numbers import integer, kibibytes, percent, sizes


def test_numbers() -> None:
    assert sizes((28, 28)) == "28"
    assert sizes((28, 14)) == "28x14"
    assert sizes(((0, 1), (0, 1))) == "0/1"
    assert sizes((10 / 7, 10 / 7)) == "1.429"
    assert sizes(None) == sizes(()) == "-"
    assert [percent(share) for share in (0.735, 1, 0, 0.0004, None)] == [
        "73.5 %",
        "100 %",
        "0 %",
        "0.0 %",
        "-",
    ]
    assert (integer(5340), integer(None)) == ("5,340", "?")
    assert (kibibytes(21360), kibibytes(None)) == ("20.9 KiB", "?")
