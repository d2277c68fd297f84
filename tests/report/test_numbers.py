"""Numbers as people read them."""

from mnistops.report.numbers import duration, integer, kibibytes, percent, probability, sizes


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


def test_a_probability_that_rounds_to_nothing_or_all_says_so() -> None:
    shares = (0.532, 0.0005, 0.0004, 1e-30, 0.0, 0.9994, 0.9996, 1.0)
    assert [probability(share) for share in shares] == [
        "53.2 %",
        "0.1 %",
        "< 0.1 %",
        "< 0.1 %",
        "0 %",
        "99.9 %",
        "> 99.9 %",
        "100 %",
    ]


def test_durations() -> None:
    seconds = (0.2, 48, 59.6, 192.4, 3599, 3600, 7530, 3_600_000)
    assert [duration(value) for value in seconds] == [
        "0 s",
        "48 s",
        "1 min 0 s",
        "3 min 12 s",
        "59 min 59 s",
        "1 h 0 min",
        "2 h 5 min",
        "1,000 h 0 min",
    ]
