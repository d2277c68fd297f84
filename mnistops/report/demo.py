"""A demo as a page, which computes the network itself, and as a line about it."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistops.analysis.window import times
from mnistops.disk import replace_file
from mnistops.networks.spec import NetworkSpec
from mnistops.report.console import visible
from mnistops.report.grid import Column, Grid
from mnistops.report.numbers import accuracy, integer
from mnistops.report.publish import Report
from mnistops.report.template import render_page

if TYPE_CHECKING:
    from torch import Tensor

    from mnistops.data.normalization import Normalization
    from mnistops.demo import Demo

MOST_NAMES = 20
"""Of classes, that are listed."""

_COLUMNS = (
    Column("page", is_number=False),
    Column("kB"),
    Column("network", is_number=False),
    Column("parameters", rank=1),
    Column("classes", rank=2),
)


def write_demo(demo: "Demo", path: Path) -> Path:
    """Write the page as one HTML file that needs no other.

    Raises:
        CannotCreate, CannotWrite: the file cannot be made.
    """
    replace_file(path, demo_page(demo))
    return path


def demo_page(demo: "Demo") -> bytes:
    """The page as HTML."""
    names = demo.class_names
    are_digits = names == tuple("0123456789")
    return render_page(
        "demo",
        "network",
        "frame",
        network=demo.spec.name,
        invitation="Draw a digit" if are_digits else "Draw one of these",
        class_names=() if are_digits else names[:MOST_NAMES],
        num_unnamed=max(0, len(names) - MOST_NAMES),
        facts=dict(_facts(demo)),
        size=demo.spec.input_size[1:],
        seen=times(demo.spec.input_size[1:]),
        data={
            "network": network_values(demo.spec, demo.normalization, demo.weights),
            "names": names,
            "check": {
                "image": _base64(demo.check.image, "u1"),
                "outputs": demo.check.outputs.tolist(),
            },
        },
    )


def network_values(
    spec: NetworkSpec, normalization: "Normalization", weights: Mapping[str, "Tensor"]
) -> dict[str, Any]:
    """A network as plain values, from which ``network.js`` makes it.

    Args:
        weights: on the CPU, by their names in the network.
    """
    return {
        "spec": spec.to_values(),
        "mean": normalization.mean,
        "std": normalization.std,
        "weights": {key: _base64(value, "<f4") for key, value in weights.items()},
    }


def _base64(values: "Tensor", dtype: str) -> str:
    return b64encode(values.numpy().astype(dtype).tobytes()).decode()


def _facts(demo: "Demo") -> Iterator[tuple[str, str]]:
    yield "network", demo.spec.name
    yield "parameters", integer(demo.num_params)
    if demo.accuracy is not None:
        of = f" of {demo.accuracy.dataset}" if demo.accuracy.dataset else ""
        yield "accuracy", f"{accuracy(demo.accuracy.share)} on the test images{of}"


def demo_report(demo: "Demo", path: Path) -> Report:
    """What was written, in every format."""
    num_bytes = path.stat().st_size
    record: dict[str, Any] = {
        "page": str(path),
        "bytes": num_bytes,
        "network": demo.spec.name,
        "checkpoint": str(demo.checkpoint),
        "num_params": demo.num_params,
        "num_classes": len(demo.class_names),
    }
    row = (
        visible(str(path)),
        f"{num_bytes / 1000:,.1f}",
        visible(demo.spec.name),
        integer(demo.num_params),
        integer(len(demo.class_names)),
    )
    note = "open it in a browser: it needs no other file and no network"
    return Report((Grid(_COLUMNS, (row,), notes=(note,)),), record, [record])
