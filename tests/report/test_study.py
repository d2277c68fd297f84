"""A study's result in every format."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mnistops.report.grid import Grid
from mnistops.report.publish import publish
from mnistops.report.study import study_report
from mnistops.studies.results import Comparison, MissingRun, StudyResult
from tests.study_runs import made_group

ONE = made_group("one-cycle", [4, 6])
PLATEAU = made_group("plateau", [7, 9], recipe="plateau")
WON = Comparison("one-cycle", "plateau", "test", 0.003, (0.001, 0.005), "one-cycle")
STUDY = StudyResult(Path("runs", "study"), (ONE, PLATEAU), (WON,), "test", ())
HELD_OUT = replace(STUDY, groups=(made_group("a", [4, 6], [10, 20]),), judged_on="holdout")


def document(result: StudyResult) -> Any:
    return json.loads(json.dumps(study_report(result).document, allow_nan=False))


def grid(result: StudyResult) -> Grid:
    (only,) = study_report(result).grids
    return only


def note(result: StudyResult, words: str) -> str:
    (found,) = [note for note in grid(result).notes if words in note]
    return found


def test_what_a_study_is_judged_by_stays_longest() -> None:
    def ranks(result: StudyResult) -> dict[str, int]:
        return {column.title: column.rank for column in grid(result).columns}

    assert (ranks(HELD_OUT)["hold-out, %"], ranks(HELD_OUT)["test, %"]) == (0, 1)
    assert ranks(STUDY)["test, %"] == 0
    assert [column.legend.endswith("; of the hold-out") for column in grid(HELD_OUT).columns] == [
        column.title == "95 % interval" for column in grid(HELD_OUT).columns
    ]


def test_a_study_as_json() -> None:
    values = document(STUDY)
    assert list(values) == ["folder", "judged_on", "groups", "comparisons", "missing"]
    group = values["groups"][0]
    low, high = group.pop("ci95")
    assert low < 0.995 < high
    assert group.pop("std") == pytest.approx(0.002 / 2**0.5)
    assert group == {
        "name": "one-cycle",
        "num_params": 5340,
        "epochs": 15,
        "seeds": 2,
        "mean_holdout_accuracy": None,
        "mean_test_accuracy": pytest.approx(0.995),
        "test_errors": [4, 6],
    }
    assert values["comparisons"] == [
        {
            "a": "one-cycle",
            "b": "plateau",
            "on": "test",
            "difference": 0.003,
            "ci95": [0.001, 0.005],
            "winner": "one-cycle",
        }
    ]


def test_with_a_hold_out_spread_and_interval_are_its_own() -> None:
    group = document(HELD_OUT)["groups"][0]
    assert group["mean_holdout_accuracy"] == pytest.approx(0.97)
    assert group["mean_test_accuracy"] == pytest.approx(0.995)
    assert group["std"] == pytest.approx(0.02 / 2**0.5)
    assert group["ci95"][0] < 0.97 < group["ci95"][1]
    assert (group["holdout_errors"], group["test_errors"]) == ([10, 20], [4, 6])


def test_a_group_of_one_run_or_none_has_no_interval() -> None:
    study = replace(STUDY, groups=(made_group("a", [4]), made_group("b", [])), comparisons=())
    one, none = document(study)["groups"]
    assert (one["mean_test_accuracy"], one["std"], one["ci95"]) == (0.996, None, None)
    assert (none["mean_test_accuracy"], none["seeds"], none["test_errors"]) == (None, 0, [])
    assert [row[3:] for row in grid(study).rows] == [("99.600", "-", "4"), ("-", "-", "-")]


def test_csv_has_a_row_for_each_run(capsys: pytest.CaptureFixture[str]) -> None:
    publish(study_report(STUDY), "csv")
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.startswith("group,seed,holdout_fold,num_params,epochs,learning_rate,")
    assert [row.split(",")[:2] for row in rows] == [
        ["one-cycle", "0"],
        ["one-cycle", "1"],
        ["plateau", "0"],
        ["plateau", "1"],
    ]
    publish(study_report(replace(STUDY, groups=())), "csv")
    assert capsys.readouterr().out == "group,seed\n"


def test_the_table_has_a_row_for_each_group() -> None:
    table = grid(STUDY)
    assert table.title == "after 15 epochs, judged on test"
    assert "hold-out, %" not in [column.title for column in table.columns]
    name, params, seeds, test, interval, errors = table.rows[0]
    assert (name, params, seeds, errors) == ("one-cycle", "5,340", "2", "4, 6")
    assert test == "99.500 ± 0.141"
    assert interval == "98.229 to 100.771"


def test_many_errors_are_told_by_the_lowest_and_the_highest() -> None:
    study = replace(STUDY, groups=(made_group("a", [5, 3, 9, 4, 6, 7]),))
    assert grid(study).rows[0][-1] == "3 to 9"


def test_a_hold_out_has_its_column_and_its_advice() -> None:
    table = grid(HELD_OUT)
    assert table.title == "after 15 epochs, judged on hold-outs"
    assert table.columns[3].title == "hold-out, %"
    assert table.rows[0][3:5] == ("97.000 ± 1.414", "99.500 ± 0.141")
    assert note(HELD_OUT, "choose by the hold-out")


@pytest.mark.parametrize(
    ("comparison", "words"),
    [
        (WON, "one-cycle beats plateau by 0.300 points (95 % interval 0.100 to 0.500)"),
        (
            replace(WON, difference=-0.003, interval=(-0.005, -0.001), winner="plateau"),
            "plateau beats one-cycle by 0.300 points (95 % interval 0.100 to 0.500)",
        ),
        (
            replace(WON, interval=(-0.001, 0.007), winner=None),
            "no difference shown between one-cycle and plateau: 0.300 points "
            "(95 % interval -0.100 to 0.700)",
        ),
        (
            replace(WON, interval=None, winner=None),
            "one-cycle and plateau: one seed shows no difference",
        ),
        (
            replace(WON, difference=-0.0, interval=(-0.0, 0.0), winner=None),
            "no difference shown between one-cycle and plateau: 0.000 points "
            "(95 % interval 0.000 to 0.000)",
        ),
    ],
)
def test_comparisons_in_words(comparison: Comparison, words: str) -> None:
    assert words in grid(replace(STUDY, comparisons=(comparison,))).notes


def test_it_is_told_that_only_the_best_is_compared() -> None:
    assert "best" not in note(STUDY, "compared")
    three = replace(STUDY, groups=(ONE, PLATEAU, made_group("a", [8, 8])))
    assert "compared, the best with each of the others, on" in note(three, "compared")


def test_it_is_told_where_test_flatters() -> None:
    assert note(STUDY, "flatters")
    assert not any("flatters" in note for note in grid(replace(STUDY, groups=(ONE,))).notes)


def test_what_is_missing_is_told() -> None:
    study = replace(STUDY, missing=(MissingRun("plateau", 2, "ended by SIGKILL"),))
    assert note(study, "missing") == "missing: plateau, seed 2: ended by SIGKILL"
    assert str(study.folder) in note(study, "tries these again")
    assert document(study)["missing"] == [
        {"group": "plateau", "seed": 2, "reason": "ended by SIGKILL"}
    ]


def test_epochs_that_differ_are_no_headline() -> None:
    study = replace(STUDY, groups=(ONE, replace(PLATEAU, num_epochs=1)))
    assert grid(study).title == "judged on test"
    assert grid(replace(STUDY, groups=(replace(ONE, num_epochs=1),))).title.startswith(
        "after 1 epoch, "
    )
