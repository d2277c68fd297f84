"""The built-in networks, by name."""

from collections.abc import Mapping

from mnistops.networks.spec import Conv, GlobalAvgPool, MaxPool, NetworkSpec

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

BEST = REFERENCE
"""Of at most 5,340 parameters: by the mean of its study on hold-outs."""

ZOO: Mapping[str, NetworkSpec] = {spec.name: spec for spec in (REFERENCE,)}
