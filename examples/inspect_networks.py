"""Look at networks from Python: built-in, in a file, or a module of your own.

python examples/inspect_networks.py
"""

from pathlib import Path

from torch import nn

import mnistops

HERE = Path(__file__).parent


def main() -> None:
    """Print what each network costs and what its last layer sees."""
    module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 10, 3))
    # A field is given before clipping to the image, so it can be larger. "whole" says that a unit
    # really sees the image from corner to corner.
    for network in ("reference", HERE / "small.toml", f"{HERE}/residual.py:Net", module):
        summary = mnistops.summarize(network)
        last = mnistops.receptive_field(network)[-1]
        print(
            f"{Path(summary.network).name:15} {summary.total_params:6,} parameters "
            f"{summary.mult_adds:10,} mult-adds; {last.name}: field {last.size} px, {last.status}"
        )

    # Every number of the tables is an attribute; sizes are (height, width).
    for row in mnistops.receptive_field("reference"):
        print(f"{row.path:14} {row.formula:22} coverage {row.coverage:.0%}")


if __name__ == "__main__":
    main()
