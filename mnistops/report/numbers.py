"""Numbers as people read them."""

from collections.abc import Sequence


def sizes(values: Sequence[object] | None) -> str:
    """``28`` for equal sizes along all axes, else ``28x14``; ``-`` for none."""
    if not values:
        return "-"
    texts = ["/".join(map(str, v)) if isinstance(v, tuple) else _short(v) for v in values]
    return texts[0] if len(set(texts)) == 1 else "x".join(texts)


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def percent(share: float | None) -> str:
    """``73.5 %`` for a share of 0.735; ``-`` for none."""
    if share is None:
        return "-"
    return f"{100 * share:.0f} %" if share in (0, 1) else f"{100 * share:.1f} %"


def accuracy(share: float) -> str:
    """``99.47 %`` for a share of 0.9947: two digits, for the last tenths are what counts."""
    text = f"{100 * share:.2f} %"
    return "> 99.99 %" if share < 1 and text == "100.00 %" else text


def probability(share: float) -> str:
    """``53.2 %``; what is less than what is shown is said to be."""
    return (
        "< 0.1 %" if 0 < share < 0.0005 else "> 99.9 %" if 1 > share >= 0.9995 else percent(share)
    )


def duration(seconds: float) -> str:
    """``48 s``, ``3 min 12 s``, ``2 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60:,} h {minutes % 60} min"


def integer(value: int | None) -> str:
    """``5,340``; ``?`` for what is not known."""
    return "?" if value is None else f"{value:,}"


def kibibytes(count: int | None) -> str:
    """``20.9 KiB`` for a number of bytes; ``?`` for what is not known."""
    return "?" if count is None else f"{count / 1024:,.1f} KiB"
