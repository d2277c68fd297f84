"""Receptive-field tables for people and for programs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mnistops.analysis.fields.formulas import FIELD_SIZE, OUTPUT_SIZE
from mnistops.analysis.fields.reach import Span
from mnistops.analysis.graph import Layer
from mnistops.analysis.receptive_field import ReceptiveField
from mnistops.analysis.what_if import FieldTable
from mnistops.analysis.window import Sizes, times
from mnistops.report.grid import Column, Grid
from mnistops.report.numbers import percent, sizes
from mnistops.report.publish import Report

if TYPE_CHECKING:
    from mnistops.analysis.probing.verdict import Verdict

_GEOMETRY = "k, p, d, s: kernel, padding, dilation, stride"
_PIXELS = "in pixels of the input, before clipping to it"
_FIELD = f"size: of unit 0's field; jump: from one unit's field to the next; {_PIXELS}"
_START = "start: first pixel of unit 0's field, before clipping"
_SHARE = (
    "center, corner: that unit's field, once clipped to the input, and its share of the input; "
    "padding on the way may hide a part of it"
)
_COVERAGE = "coverage: share of the pixels inside the field that are touched"

_ALIGNED = "aligned: whether the centres agree of what the layer puts together, in pixels"
_UNIT = "unit {}: first to last pixel of its field, rows by columns; not clipped to the input"
_VERIFIED = "verified: whether gradients of the network itself touch the same pixels"


def _columns(table: FieldTable, verdicts: Sequence["Verdict"], unit: Sizes) -> tuple[Column, ...]:
    """The columns that there is something to say in."""
    rows = table.layers
    before = (
        (Column("output\nas is", rank=2), Column("size\nas is", rank=1)) if table.original else ()
    )
    aligned = Column("aligned", rank=4, is_number=False, legend=_ALIGNED)
    legend = _UNIT.format(",".join(map(str, unit)))
    return (
        Column("layer", rank=8, is_number=False),
        Column("path", is_number=False),
        Column("input", rank=1),
        Column("k", rank=1, legend=_GEOMETRY),
        Column("p", rank=1, legend=_GEOMETRY),
        Column("d", rank=1, legend=_GEOMETRY),
        Column("s", rank=1, legend=_GEOMETRY),
        Column("output"),
        Column("size", legend=_FIELD),
        *before,
        Column("jump", legend=_FIELD),
        Column("start", rank=3, legend=_START),
        Column("effective\npadding", rank=9),
        Column("center\nfield", rank=7, legend=_SHARE),
        Column("center\nshare", rank=5, legend=_SHARE),
        Column("corner\nfield", rank=7, legend=_SHARE),
        Column("corner\nshare", rank=5, legend=_SHARE),
        *([Column(_unit_title(unit), legend=legend)] if unit else []),
        Column("coverage", rank=2, legend=_COVERAGE),
        *([aligned] if any(row.misaligned for row in rows) else []),
        Column("status", rank=1, is_number=False, legend=_statuses(rows)),
        *([Column("verified", is_number=False, legend=_VERIFIED)] if verdicts else []),
    )


_STATUS = {
    "exact": "exact: every inner unit's field is this one",
    "bound": "bound: fields differ from unit to unit, within these sizes",
    "whole": "whole: sees from corner to corner",
    "unsupported": "unsupported: no rule for a layer on the way, so nothing is said",
}

_GATE = "gate: also multiplied by numbers that see the input as a whole; the field leaves that out"

_FORMULA_COLUMNS = (
    Column("path", is_number=False),
    Column("receptive field", is_number=False, legend=FIELD_SIZE),
    Column("output size", rank=1, is_number=False, legend=OUTPUT_SIZE),
)


def _statuses(rows: Sequence[ReceptiveField]) -> str:
    """What the statuses mean that there are."""
    found = {row.status for row in rows}
    gates = [_GATE] if any(map(_has_gate, rows)) else []
    return "; ".join([_STATUS[kind] for kind in _STATUS if kind in found] + gates)


def field_report(
    tables: Sequence[FieldTable], unit: Sizes = (), verdicts: Sequence[Sequence["Verdict"]] = ()
) -> Report:
    """One table, or several dilations side by side; pairs are (height, width).

    Args:
        unit: the one whose fields were asked for.
        verdicts: of a probe, for the layers of each table.
    """
    checked = verdicts or [() for _ in tables]
    documents = [_document(table, seen) for table, seen in zip(tables, checked, strict=True)]
    records = [
        {"network": table.network, "what_if_dilation": table.dilation, **record}
        for table, document in zip(tables, documents, strict=True)
        for record in document["layers"]
    ]
    if len(tables) == 1:
        return Report(_grids(tables[0], checked[0], unit), documents[0], records)
    return Report((_comparison(tables),), documents, records)


def _unit_title(unit: Sizes) -> str:
    return f"unit\n{','.join(map(str, unit))}"


def _grids(table: FieldTable, verdicts: Sequence["Verdict"], unit: Sizes) -> tuple[Grid, Grid]:
    """The numbers, and the formulas they come from."""
    size = sizes(table.input_size)
    columns = _columns(table, verdicts, unit)
    cells = [_cells(table, place, verdicts, unit) for place in range(len(table.layers))]
    first = {"layer": "Input", "path": "input", "input": size, "output": size}
    first |= dict.fromkeys("kpds", "-") | {"size": "1", "jump": "1", "start": "0"}
    first |= {"effective\npadding": "0", "output\nas is": size, "size\nas is": "1"}
    numbers = Grid(
        columns,
        tuple(tuple(row.get(c.title, "") for c in columns) for row in (first, *cells)),
        title=_title([table]),
    )
    formulas = Grid(
        _FORMULA_COLUMNS,
        tuple((place_of(row), row.formula, row.output_formula) for row in table.layers),
    )
    return numbers, formulas


def _comparison(tables: Sequence[FieldTable]) -> Grid:
    size = f"size: of the receptive field, {_PIXELS}"
    columns = [Column("path", is_number=False), Column("jump", rank=3)]
    shown = {f"at {table.dilation}": table.layers for table in tables}
    original = tables[0].original
    if original is not None and original not in shown.values():
        shown = {"as is": original, **shown}
    for name in shown:
        columns += [
            Column(f"output\n{name}", rank=2),
            Column(f"size\n{name}", legend=size),
            Column(f"coverage\n{name}", rank=1, legend=_COVERAGE),
        ]
    rows = []
    for variants in zip(*shown.values(), strict=True):
        cells = [place_of(variants[0]), sizes(variants[0].jump)]
        for row in variants:
            cells += [sizes(row.output_size), _size(row), percent(row.coverage)]
        rows.append(tuple(cells))
    return Grid(
        tuple(columns),
        tuple(rows),
        title=_title(tables),
    )


def _title(tables: Sequence[FieldTable]) -> str:
    """``reference, input 28 x 28; convblock5.0 at dilation 1, 2, sizes kept``."""
    first = tables[0]
    title = f"{first.network}, input {times(first.input_size)}"
    if first.changed_layers:
        title += f"; {', '.join(first.changed_layers)}"
        dilations = [str(table.dilation) for table in tables if table.dilation is not None]
        title += f" at dilation {', '.join(dilations)}" if dilations else ""
        title += ", sizes kept" if first.keep_size else ""
    return title


def verdict_lines(verdicts: Sequence[Sequence["Verdict"]]) -> str:
    """How many rows agree, and what is said of those that do not."""
    probed = [verdict for each in verdicts for verdict in each if verdict.verdict != "not probed"]
    left_out = [v for each in verdicts for v in each if v.verdict == "not probed" and v.reason]
    differ = [verdict for verdict in probed if verdict.verdict == "differs"]
    return "\n".join(
        [
            f"verified: {len(probed) - len(differ)} of {len(probed)} rows agree with gradients",
            *(f"differs: {verdict.path or verdict.name}: {verdict.reason}" for verdict in differ),
            *(f"not probed: {v.path or v.name}: {v.reason}" for v in left_out),
        ]
    )


def _cells(
    table: FieldTable, place: int, verdicts: Sequence["Verdict"], unit: Sizes
) -> dict[str, str]:
    """The cells of one row, by their columns' titles."""
    row = table.layers[place]
    cells = {
        "layer": row.name,
        "path": place_of(row),
        "input": sizes(row.input_size),
        "k": sizes(row.kernel_size),
        "p": sizes(row.padding),
        "d": sizes(row.dilation),
        "s": sizes(row.stride),
        "output": sizes(row.output_size),
        "size": _size(row),
        "jump": sizes(row.jump),
        "start": sizes(row.start),
        "effective\npadding": sizes(row.effective_padding),
        "center\nfield": _box(row.center_field),
        "center\nshare": percent(row.center_share),
        "corner\nfield": _box(row.corner_field),
        "corner\nshare": percent(row.corner_share),
        "coverage": percent(row.coverage),
        "aligned": _aligned(row),
        "status": row.status + (", gate" if _has_gate(row) else ""),
    }
    if table.original:
        original = table.original[place]
        cells["output\nas is"] = sizes(original.output_size)
        cells["size\nas is"] = _size(original)
    if verdicts:
        cells["verified"] = verdicts[place].verdict
    if unit:
        cells[_unit_title(unit)] = _box(row.unit_field)
    return cells


def _size(row: ReceptiveField) -> str:
    """``16``, or ``2-3`` where units differ."""
    if row.size is None or row.least_size is None:
        return "-"
    pairs = zip(row.least_size, row.size, strict=True)
    return sizes([most if least == most else f"{least}-{most}" for least, most in pairs])


def _box(box: Sequence[Span] | None) -> str:
    """``0..15`` for rows and columns alike, else ``0..15 x 0..7``."""
    if box is None:
        return "-"
    texts = ["none" if span is None else f"{span[0]}..{span[1]}" for span in box]
    return texts[0] if len(set(texts)) == 1 else " x ".join(texts)


def _has_gate(row: ReceptiveField) -> bool:
    """Whether a gate tells something new: what sees the whole anyway has nothing to hide."""
    return row.is_gated and row.status != "whole"


def _aligned(row: ReceptiveField) -> str:
    if row.misaligned is None:
        return ""
    if None in row.misaligned:
        return "unknown"
    most = max(offset or 0 for offset in row.misaligned)
    return f"off by {most:g}" if most else "yes"


def place_of(row: ReceptiveField | Layer) -> str:
    """A function is named with the module that it is called in."""
    return row.path if row.is_module else f"{row.path} {row.name}".strip()


def _document(table: FieldTable, verdicts: Sequence["Verdict"]) -> dict[str, Any]:
    records = [_record(row) for row in table.layers]
    for record, original in zip(records, table.original or (), strict=False):
        record["original_size"] = original.size
        record["original_output_size"] = original.output_size
    for record, verdict in zip(records, verdicts, strict=False):
        record["verdict"], record["reason"] = verdict.verdict, verdict.reason
    return {
        "network": table.network,
        "dilation": table.dilation,
        "changed_layers": table.changed_layers,
        "keep_size": table.keep_size,
        "input_size": table.input_size,
        "layers": records,
    }


def _record(row: ReceptiveField) -> dict[str, Any]:
    record = asdict(row)
    del record["is_window"]
    return record
