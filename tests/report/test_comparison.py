"""A comparison in every format."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mnistops.report.comparison import comparison_report
from mnistops.report.grid import Grid
from mnistops.report.publish import publish
from mnistops.runs.comparison import Compared, Comparison
from mnistops.runs.mcnemar import compare_mistakes
from mnistops.runs.run import Run

RUN = Run(Path("runs/a"), "a", "done", network="tiny", num_params=940, selection="none")


def made(*mistakes: range, selection: str = "none") -> Comparison:
    runs = tuple(
        Compared(
            replace(RUN, name=f"run{number}", seed=number, selection=selection),
            ({"epoch": 0, "test_loss": 0.5, "test_accuracy": 0.9},),
            "last.pt",
            tuple(wrong),
            1000,
        )
        for number, wrong in enumerate(mistakes)
    )
    return Comparison("mnist", runs, compare_mistakes(mistakes))


TWO = made(range(30), range(20, 35))
THREE = made(range(30), range(28, 32), range(28, 33))
FILES = (Path("out/curves.png"),)


def grids(comparison: Comparison) -> tuple[Grid, ...]:
    return comparison_report(comparison, FILES).grids


def test_runs_have_numbers() -> None:
    runs, _ = grids(TWO)
    assert runs.title == "2 runs on the 1,000 test images of mnist"
    assert runs.rows == (
        ("1", "run0", "tiny", "940", "last.pt", "97.00 %", "30"),
        ("2", "run1", "tiny", "940", "last.pt", "98.50 %", "15"),
    )
    assert runs.notes == ("figures: out/curves.png",)


def test_one_pair_needs_no_correction() -> None:
    _, pairs = grids(TWO)
    # 20 and 5 of 25: twice the lower tail of heads, 2 * 68406 / 2**25.
    assert pairs.rows == (("1", "2", "20", "5", "10", "0.004", "run 2"),)
    assert not any("Holm" in note for note in pairs.notes)


def test_of_several_pairs_it_is_said() -> None:
    _, pairs = grids(THREE)
    assert [row[:2] for row in pairs.rows] == [("1", "2"), ("1", "3"), ("2", "3")]
    assert pairs.rows[0][5:] == ("< 0.001", "< 0.001", "run 2")
    assert pairs.rows[2][5:] == ("1.000", "1.000", "not shown")
    assert "p after Holm: corrected for 3 pairs" in pairs.notes
    assert "mnistops study" in " ".join(pairs.notes)


def test_what_was_chosen_on_test_is_said_to_be() -> None:
    assert not any("flatters" in note for note in grids(TWO)[1].notes)
    _, pairs = grids(made(range(3), range(4), selection="test"))
    assert pairs.notes[-1].endswith("which flatters it there: run 1, 2")


def test_json_has_runs_and_pairs(capsys: pytest.CaptureFixture[str]) -> None:
    publish(comparison_report(TWO, FILES), "json")
    told = json.loads(capsys.readouterr().out)
    assert list(told) == ["dataset", "runs", "pairs", "files"]
    assert told["runs"][1] == {
        "run": "run1",
        "network": "tiny",
        "num_params": 940,
        "recipe": None,
        "seed": 1,
        "selection": "none",
        "weights": "last.pt",
        "num_test": 1000,
        "test_accuracy": 0.985,
        "test_errors": 15,
    }
    (pair,) = told["pairs"]
    assert pair.pop("p_value") == pair.pop("p_value_holm") == pytest.approx(2 * 68406 / 2**25)
    assert pair == {
        "first": "run0",
        "second": "run1",
        "only_first_wrong": 20,
        "only_second_wrong": 5,
        "both_wrong": 10,
        "better": "run1",
    }


def test_csv_and_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    publish(comparison_report(THREE, FILES), "csv")
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.startswith("first,second,only_first_wrong,") and len(rows) == 3
    publish(comparison_report(THREE, FILES), "markdown")
    assert "| p after Holm |" in capsys.readouterr().out
