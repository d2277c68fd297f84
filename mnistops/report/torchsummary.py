"""A layer graph as torchsummary 1.5.1 prints the network, byte for byte.

Its counts are torchsummary's too: a module's ``weight`` and ``bias`` at every call, and nothing
else. Where that is not the sum over all parameters, `counted_otherwise` says so.
"""

from math import prod

from mnistops.analysis.graph import LayerGraph, Parameter, of_one_image
from mnistops.analysis.summary import ModelSummary
from mnistops.analysis.window import Shape

Row = tuple[str, Shape, int, int]
"""Name, output shape without the batch, parameters, trainable parameters."""

_THIN = "-" * 64
_THICK = "=" * 64
_MEBIBYTE = 1024**2


def torchsummary_text(graph: LayerGraph) -> str:
    """The whole table, without the last line end."""
    rows = _rows(graph)
    total = sum(params for _, _, params, _ in rows)
    trainable = sum(params for _, _, _, params in rows)
    input_mb = prod(graph.input_shape) * 4 / _MEBIBYTE
    # Each activation counts twice, for its gradient.
    output_mb = 2 * sum(prod(shape) for _, shape, _, _ in rows) * 4 / _MEBIBYTE
    params_mb = total * 4 / _MEBIBYTE
    return "\n".join(
        [
            _THIN,
            _line("Layer (type)", "Output Shape", "Param #"),
            _THICK,
            *(
                _line(f"{kind}-{number}", str([-1, *shape]), f"{params:,}")
                for number, (kind, shape, params, _) in enumerate(rows, start=1)
            ),
            _THICK,
            f"Total params: {total:,}",
            f"Trainable params: {trainable:,}",
            f"Non-trainable params: {total - trainable:,}",
            _THIN,
            f"Input size (MB): {input_mb:.2f}",
            f"Forward/backward pass size (MB): {output_mb:.2f}",
            f"Params size (MB): {params_mb:.2f}",
            f"Estimated Total Size (MB): {params_mb + output_mb + input_mb:.2f}",
            _THIN,
        ]
    )


def counted_otherwise(graph: LayerGraph, summary: ModelSummary) -> str | None:
    """One line where torchsummary's total is not the sum over all parameters, else None."""
    total = sum(params for _, _, params, _ in _rows(graph))
    if total == summary.total_params:
        return None
    return (
        f"note: torchsummary counts {total:,} parameters; the network has "
        f"{summary.total_params:,}: it counts a module's weight and bias at every call, and no "
        "other parameter"
    )


def _rows(graph: LayerGraph) -> list[Row]:
    rows: list[Row] = []
    waiting = [container for container in graph.containers if not container.is_sequence]
    for number, layer in enumerate(graph.layers, start=1):
        if layer.is_module and layer.ends_call:
            rows.append((layer.type, layer.output_shape, *_counts(layer.parameters)))
        while waiting and waiting[0].end == number:
            container = waiting.pop(0)
            given = of_one_image(container.given[0]) if container.given else ()
            rows.append((container.type, given, *_counts(container.parameters)))
    return rows


def _counts(parameters: tuple[Parameter, ...]) -> tuple[int, int]:
    """All and trainable: ``weight`` and ``bias`` together go by whether ``weight`` is trained."""
    counted = {p.name: p for p in parameters if p.name in ("weight", "bias")}
    total = sum(parameter.count for parameter in counted.values())
    return total, total if "weight" in counted and counted["weight"].trainable else 0


def _line(name: str, shape: str, params: str) -> str:
    return f"{name:>20}  {shape:>25} {params:>15}"
