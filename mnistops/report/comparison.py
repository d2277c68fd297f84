"""A comparison of runs as tables and as records."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistops.report.console import visible
from mnistops.report.grid import Column, Grid
from mnistops.report.numbers import accuracy, integer
from mnistops.report.publish import Report

if TYPE_CHECKING:
    from mnistops.runs.comparison import Compared, Comparison
    from mnistops.runs.mcnemar import Pair

_RUNS = (
    Column(""),
    Column("run", is_number=False),
    Column("network", rank=2, is_number=False),
    Column("parameters", rank=3),
    Column("weights", rank=4, is_number=False),
    Column("accuracy", rank=1),
    Column("errors"),
)
_PAIRS = (
    Column("first"),
    Column("second"),
    Column("only first\nwrong", rank=1),
    Column("only second\nwrong", rank=1),
    Column("both\nwrong", rank=2),
    Column("p"),
    Column("p after\nHolm"),
    Column("better", is_number=False),
)


def comparison_report(comparison: "Comparison", files: Sequence[Path]) -> Report:
    """The comparison in every format; CSV has a row for each pair.

    Args:
        files: the figures, as they were written.
    """
    pairs = [_pair_record(comparison, pair) for pair in comparison.pairs]
    document = {
        "dataset": comparison.dataset,
        "runs": [_run_record(run) for run in comparison.runs],
        "pairs": pairs,
        "files": [str(path) for path in files],
    }
    grids = (_run_grid(comparison, files), _pair_grid(comparison))
    return Report(grids, document, pairs)


def _run_record(compared: "Compared") -> dict[str, Any]:
    run = compared.run
    return {
        "run": run.name,
        "network": run.network,
        "num_params": run.num_params,
        "recipe": run.recipe,
        "seed": run.seed,
        "selection": run.selection,
        "weights": compared.source,
        "num_test": compared.num_test,
        "test_accuracy": compared.accuracy,
        "test_errors": len(compared.mistakes),
    }


def _pair_record(comparison: "Comparison", pair: "Pair") -> dict[str, Any]:
    better = pair.better
    return {
        "first": comparison.runs[pair.a].run.name,
        "second": comparison.runs[pair.b].run.name,
        "only_first_wrong": pair.only_a,
        "only_second_wrong": pair.only_b,
        "both_wrong": pair.both,
        "p_value": pair.p_value,
        "p_value_holm": pair.adjusted,
        "better": None if better is None else comparison.runs[better].run.name,
    }


def _run_grid(comparison: "Comparison", files: Sequence[Path]) -> Grid:
    rows = tuple(
        (
            str(number),
            visible(compared.run.name),
            visible(compared.run.network or "-"),
            integer(compared.run.num_params),
            compared.source,
            accuracy(compared.accuracy),
            integer(len(compared.mistakes)),
        )
        for number, compared in enumerate(comparison.runs, 1)
    )
    num_test = integer(comparison.runs[0].num_test)
    title = f"{len(rows)} runs on the {num_test} test images of {visible(comparison.dataset)}"
    notes = [f"figures: {', '.join(map(str, files))}"] if files else []
    return Grid(_RUNS, rows, title=title, notes=tuple(notes))


def _pair_grid(comparison: "Comparison") -> Grid:
    pairs, is_several = comparison.pairs, len(comparison.pairs) > 1
    kept = [i for i in range(len(_PAIRS)) if is_several or _PAIRS[i].title != "p after\nHolm"]
    rows = [
        (
            str(pair.a + 1),
            str(pair.b + 1),
            integer(pair.only_a),
            integer(pair.only_b),
            integer(pair.both),
            _probability(pair.p_value),
            _probability(pair.adjusted),
            "not shown" if pair.better is None else f"run {pair.better + 1}",
        )
        for pair in pairs
    ]
    return Grid(
        tuple(_PAIRS[i] for i in kept),
        tuple(tuple(row[i] for i in kept) for row in rows),
        title="which is better",
        notes=_notes(comparison),
    )


def _notes(comparison: "Comparison") -> tuple[str, ...]:
    notes = [
        "p: McNemar's exact test, two-sided: how likely two that are equally good differ so much",
    ]
    if len(comparison.pairs) > 1:
        notes.append(f"p after Holm: corrected for {integer(len(comparison.pairs))} pairs")
    notes += [
        "better: shown at the level of 5 %",
        "it is these weights that are compared; with other seeds it may be otherwise: "
        "`mnistops study`",
    ]
    flattered = [str(i) for i, one in enumerate(comparison.runs, 1) if one.run.selection == "test"]
    if flattered:
        notes.append(
            f"what it chose, it chose by test, which flatters it there: run {', '.join(flattered)}"
        )
    return tuple(notes)


def _probability(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else "< 0.001"
