"""torch's operations that only move values about: views, slices, pads, concatenation."""

from collections.abc import Mapping, Sequence
from math import prod

from mnistops.analysis.operations import Flatten
from mnistops.analysis.rearrangements import Concatenate, Expand, Pad, Permute, Reshape, Select
from mnistops.analysis.recording.aten_call import Call, Place, Rule
from mnistops.analysis.window import Shape


def _viewed(call: Call) -> Place:
    (source,) = call.sources
    if call.in_place:  # the shape that it had is gone
        return call.add(Reshape(call.given), [source])
    return _reshaped(call, source, tuple(call.arguments["self"].shape), call.given)


def _reshaped(call: Call, source: Place, taken: Shape, given: Shape) -> Place:
    if taken == given:
        return source
    is_flat = len(taken) > 2 and given == (taken[0], prod(taken[1:]))
    return call.add(Flatten() if is_flat else Reshape(given), [source])


def _permuted(call: Call) -> Place | None:
    ndim = len(call.given)
    dims = list(range(ndim))
    match call.name:
        case "permute":
            dims = [dim % ndim for dim in call.arguments["dims"]]
        case "t" | "numpy_T" | "mT":
            dims = dims[:-2] + dims[-2:][::-1]
        case _:
            a, b = call.arguments["dim0"] % ndim, call.arguments["dim1"] % ndim
            dims[a], dims[b] = dims[b], dims[a]
    return call.add(Permute(tuple(dims)), call.sources)


def _expanded(call: Call) -> Place:
    return (
        call.sources[0]
        if call.taken() == call.given
        else call.add(Expand(call.given), call.sources)
    )


def _repeated(call: Call) -> Place:
    repeats = tuple(call.arguments["repeats"])
    taken = (1,) * (len(repeats) - len(call.taken())) + call.taken()
    place = _reshaped(call, call.sources[0], call.taken(), taken)
    return _selected(
        call, place, {d: list(range(taken[d])) * n for d, n in enumerate(repeats)}, taken
    )


def _selected(
    call: Call, place: Place, indices: Mapping[int, Sequence[int]], taken: Shape
) -> Place:
    for dim, wanted in indices.items():
        if list(wanted) != list(range(taken[dim])):
            kept = wanted if isinstance(wanted, range) else tuple(wanted)
            place = call.add(Select(dim, kept), [place])
    return place


def _sliced(call: Call) -> Place:
    taken = call.taken()
    dim = call.arguments.get("dim", 0) % len(taken)
    start, end = call.arguments.get("start"), call.arguments.get("end")
    indices = range(taken[dim])[slice(start, end, call.arguments.get("step", 1))]
    return _selected(call, call.sources[0], {dim: indices}, taken)


def _picked(call: Call) -> Place:
    taken = call.taken()
    dim = call.arguments["dim"] % len(taken)
    index = call.arguments["index"] % taken[dim]
    place = _selected(call, call.sources[0], {dim: range(index, index + 1)}, taken)
    return call.add(Reshape(call.given), [place])


def _split(call: Call) -> list[Place]:
    dim = call.arguments.get("dim", 0) % len(call.taken())
    places, start = [], 0
    for output in call.outputs:
        stop = start + output.shape[dim]
        places.append(_selected(call, call.sources[0], {dim: range(start, stop)}, call.taken()))
        start = stop
    return places


def _unbound(call: Call) -> list[Place]:
    taken = call.taken()
    dim = call.arguments.get("dim", 0) % len(taken)
    places = []
    for index in range(taken[dim]):
        place = _selected(call, call.sources[0], {dim: range(index, index + 1)}, taken)
        places.append(call.add(Reshape(call.given), [place]))
    return places


def _rolled(call: Call) -> Place | None:
    taken, dims = call.taken(), call.arguments.get("dims")
    if not dims:
        return None
    indices = {
        dim % len(taken): [(i - shift) % taken[dim] for i in range(taken[dim])]
        for shift, dim in zip(call.arguments["shifts"], dims, strict=True)
    }
    return _selected(call, call.sources[0], indices, taken)


def _flipped(call: Call) -> Place:
    taken = call.taken()
    dims = [dim % len(taken) for dim in call.arguments["dims"]]
    indices = {dim: range(taken[dim] - 1, -1, -1) for dim in dims}
    return _selected(call, call.sources[0], indices, taken)


def _concatenated(call: Call) -> Place:
    dim = call.arguments.get("dim", 0) % len(call.given)
    parts = tuple(
        None if call.place(tensor) is not None else tensor.shape[dim] for tensor in call.tensors
    )
    return call.add(Concatenate(dim, parts), call.sources)


def _stacked(call: Call) -> Place:
    dim = call.arguments.get("dim", 0) % len(call.given)
    one = (*call.given[:dim], 1, *call.given[dim + 1 :])
    parts, places = [], []
    for tensor in call.tensors:
        place = call.place(tensor)
        parts.append(1 if place is None else None)
        if place is not None:
            places.append(_reshaped(call, place, tuple(tensor.shape), one))
    return call.add(Concatenate(dim, tuple(parts)), places)


def _padded(call: Call) -> Place:
    taken, pads = call.taken(), call.arguments["pad"]
    padding = [(0, 0)] * len(taken)
    for i in range(len(pads) // 2):
        padding[-1 - i] = (pads[2 * i], pads[2 * i + 1])
    return call.add(Pad(tuple(padding)), call.sources)


def _mirrored(call: Call) -> Place:
    """Padding with pixels of the image itself."""
    taken, pads = call.taken(), call.arguments["padding"]
    indices = {}
    for i in range(len(pads) // 2):
        dim = len(taken) - 1 - i
        last = taken[dim] - 1
        wanted = range(-pads[2 * i], last + 1 + pads[2 * i + 1])
        if call.name.startswith("reflection"):
            indices[dim] = [abs(v) if v <= last else 2 * last - v for v in wanted]
        else:
            indices[dim] = [min(max(v, 0), last) for v in wanted]
    return _selected(call, call.sources[0], indices, taken)


def _channels_shuffled(call: Call) -> Place:
    images, channels, *sizes = call.taken()
    groups = call.arguments["groups"]
    place = call.add(Reshape((images, groups, channels // groups, *sizes)), call.sources)
    place = call.add(Permute((0, 2, 1, *range(3, len(sizes) + 3))), [place])
    return call.add(Reshape(call.given), [place])


def _rules() -> dict[str, Rule]:
    named: dict[Rule, str] = {
        _viewed: "view _unsafe_view reshape squeeze unsqueeze _reshape_alias",
        _permuted: "permute transpose t numpy_T mT",
        _expanded: "expand",
        _repeated: "repeat",
        _sliced: "slice",
        _picked: "select",
        _split: "split split_with_sizes unsafe_split chunk",
        _unbound: "unbind",
        _rolled: "roll",
        _flipped: "flip",
        _concatenated: "cat",
        _stacked: "stack",
        _padded: "constant_pad_nd",
        _mirrored: "reflection_pad1d reflection_pad2d reflection_pad3d replication_pad1d "
        "replication_pad2d replication_pad3d",
        _channels_shuffled: "channel_shuffle",
    }
    return {name: rule for rule, names in named.items() for name in names.split()}


REARRANGEMENTS = _rules()
