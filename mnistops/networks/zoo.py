"""The built-in networks, by name."""

from collections.abc import Mapping
from itertools import chain, pairwise

from mnistops.networks.spec import Conv, GlobalAvgPool, Linear, MaxPool, NetworkSpec

# The seed's network, 5,340 parameters. Its dilated blocks are padded by 1, not by 2, so each of
# them shrinks the image: 11, 9, 7, 5.
REFERENCE = NetworkSpec(
    name="reference",
    input_size=(1, 28, 28),
    dropout=0.03,
    blocks=(
        Conv(name="convblock1", out_channels=10),
        Conv(name="convblock2", out_channels=10),
        Conv(name="convblock3", out_channels=15),
        MaxPool(name="pool1", kernel_size=(2, 2)),
        Conv(name="convblock4", out_channels=10, kernel_size=(1, 1)),
        Conv(name="convblock5", out_channels=10, padding=(1, 1), dilation=(2, 2)),
        Conv(name="convblock6", out_channels=10, padding=(1, 1), dilation=(2, 2)),
        Conv(name="convblock7", out_channels=10, padding=(1, 1), dilation=(2, 2)),
        GlobalAvgPool(name="gap"),
    ),
)


def _separable(number: int, in_channels: int, out_channels: int, dilation: int) -> list[Conv]:
    """A 3 x 3 for each channel on its own, then a 1 x 1 over all of them."""
    return [
        Conv(
            name=f"convblock{number}_depthwise",
            out_channels=in_channels,
            groups=in_channels,
            dilation=(dilation, dilation),
            norm="none",
            activation="none",
        ),
        Conv(name=f"convblock{number}_pointwise", out_channels=out_channels, kernel_size=(1, 1)),
    ]


def _separable_network(
    name: str, before: tuple[int, ...], after: tuple[int, ...], dilated: int | None = None
) -> NetworkSpec:
    """A 3 x 3 convolution, separable ones before and after a pool, a mean over the image.

    Args:
        before: channels that each convolution before the pool gives.
        after: and each after it.
        dilated: which convolution has dilation 2, from 1; for fields as large as an image.
    """
    convolutions = [
        _separable(number, given, made, 2 if number == dilated else 1)
        for number, (given, made) in enumerate(pairwise((*before, *after)), start=2)
    ]
    place = len(before) - 1
    return NetworkSpec(
        name=name,
        input_size=(1, 28, 28),
        blocks=(
            Conv(name="convblock1", out_channels=before[0]),
            *chain(*convolutions[:place]),
            MaxPool(name="pool1", kernel_size=(2, 2)),
            *chain(*convolutions[place:]),
            GlobalAvgPool(name="gap"),
            Linear(name="head", out_features=10),
        ),
    )


# A separable convolution has a ninth of the parameters: with as many as the reference, twice the
# layers and twice the channels.
SEPARABLE = _separable_network("separable", (16, 20, 20), (32, 32, 32))
SMALL = _separable_network("small", (10, 14, 14), (22, 22, 22))
# Here depth is worth more than width, and a field that covers the digit more than both.
TINY = _separable_network("tiny", (6, 10), (10, 10, 10), dilated=3)

BEST = SEPARABLE
"""Of at most 5,340 parameters: by the mean of its study on hold-outs."""

ZOO: Mapping[str, NetworkSpec] = {spec.name: spec for spec in (REFERENCE, SEPARABLE, SMALL, TINY)}
