"""What is seen of a training, and that its original recipe speaks as the original did."""

import dataclasses
import re
from dataclasses import replace
from pathlib import Path

import pytest

from mnistops.report.training_view import TrainingView
from mnistops.training.events import (
    EpochDone,
    EpochMetrics,
    RateFound,
    RunBegun,
    RunDone,
    RunResult,
    StepDone,
)
from mnistops.training.lr_range import RangeStep, RangeTest
from mnistops.training.preparation import EngineSought
from tests.report.test_progress import open_terminal

RATE = 0.10470379786343671
RANGE_TEST = RangeTest((RangeStep(0, RATE, 2.5, 2.25),), index=0)
STEP = StepDone(0, 155, 469, 0.25, 0.9375, 12345.6)


def begun(recipe: str = "one-cycle", num_holdout: int = 0, num_epochs: int = 2) -> RunBegun:
    return RunBegun(
        Path("runs", "a"),
        "[bold]x[/bold]",
        5340,
        recipe,
        num_epochs,
        128,
        "cpu (2 threads)",
        60_000 - num_holdout,
        10_000,
        num_holdout,
        "native",
        "fp32",
        2,
        9.5,
    )


def epoch(
    number: int,
    last_loss: float = 0.5,
    train_accuracy: float = 0.9375,
    test_loss: float = 0.0475,
    test_accuracy: float = 0.9844,
    holdout_accuracy: float | None = None,
    is_best: bool = False,
) -> EpochDone:
    metrics = EpochMetrics(
        number,
        0.25,
        train_accuracy,
        test_loss,
        test_accuracy,
        0.125,
        9.5,
        None if holdout_accuracy is None else 0.0625,
        holdout_accuracy,
    )
    return EpochDone(metrics, 469, last_loss, 0, is_best, RATE)


def ended(*epochs: EpochDone) -> RunDone:
    run = RunResult(
        Path("runs", "a"), "x", 5340, epochs, None, "none", RATE, None, 0.993, 60.0, True
    )
    return RunDone(run)


# The first epochs of the original's published run, number by number.
SEEDS_EPOCHS = (
    epoch(0, 0.08429612964391708, 0.9373, 0.04751643937379122, 0.9844),
    epoch(3, 0.05630810558795929, 0.9783, 0.027877245303243398, 0.9913),
    epoch(4, 0.06767883896827698, 0.9793, 0.02411178403198719, 0.9930, is_best=True),
)


def shown(*events: object) -> None:
    with TrainingView() as view:
        for event in events:
            view.show(event)


def lines(capsys: pytest.CaptureFixture[str], *events: object) -> list[str]:
    """What is told of these events where there is no terminal: plain lines on standard error."""
    shown(*events)
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"([^\x00-\x1f\x7f]+\n)*", err)
    return err.splitlines()


def test_a_run_is_introduced(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines(capsys, begun()) == [
        "[bold]x[/bold], 5,340 parameters, on cpu (2 threads), native engine",
        "60,000 training images, 10,000 test images; recipe one-cycle, epochs 0 to 1",
        f"run folder: {Path('runs', 'a')}",
    ]


def test_few_steps_are_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    few = dataclasses.replace(begun(), num_train=180, num_epochs=3)
    assert lines(capsys, few)[3:] == [
        "3 steps of 128 images are few to learn from: a smaller --batch-size or more --epochs make "
        "more"
    ]
    # The seed's recipe takes a last batch that is not whole, too.
    assert lines(capsys, dataclasses.replace(few, recipe="plateau"))[3].startswith("6 steps of 128")


def test_an_engine_that_is_sought_is_a_bar_and_no_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lines(capsys, EngineSought()) == []
    terminal = open_terminal(monkeypatch)
    shown(EngineSought(), begun())
    assert any(line.startswith("engine") for line in terminal.bars())
    assert len(terminal.stays()) == 3


def test_held_out_images_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines(capsys, begun(num_holdout=5000, num_epochs=1))[1] == (
        "55,000 training images (5,000 more held out), 10,000 test images; "
        "recipe one-cycle, epoch 0"
    )


def test_the_range_tests_rate_is_told_to_its_last_digit(capsys: pytest.CaptureFixture[str]) -> None:
    found = RateFound(RANGE_TEST)
    assert lines(capsys, *RANGE_TEST.steps, found) == [
        "range test of up to 1,500 steps",
        f"learning rate {RATE}, by a range test",
    ]


def test_an_epoch_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    events = (STEP, epoch(0), STEP, epoch(1), ended(epoch(0), epoch(1)))
    assert lines(capsys, begun(), *events)[3:] == [
        f"epoch  {number}  train loss 0.2500  accuracy 93.75 %  test loss 0.0475  accuracy 98.44 %"
        "  rate 0.125  9.5 s"
        for number in (0, 1)
    ]


def test_an_epoch_tells_of_the_holdout(capsys: pytest.CaptureFixture[str]) -> None:
    best = epoch(0, holdout_accuracy=0.9875, is_best=True)
    other = epoch(1, holdout_accuracy=0.985)
    first, second = lines(capsys, begun(num_holdout=5000), best, other)[3:]
    assert "  accuracy 93.75 %  hold-out 98.75 % (best)  test loss" in first
    assert "  accuracy 93.75 %  hold-out 98.50 %  test loss" in second


def test_the_original_recipe_speaks_as_the_original_did(
    capsys: pytest.CaptureFixture[str],
) -> None:
    events = (*SEEDS_EPOCHS, ended(*SEEDS_EPOCHS))
    assert lines(capsys, begun("plateau"), *events)[3:] == [
        "Train ==> Epochs: 0 Batch:  468 loss: 0.08429612964391708 Accuracy: 93.73%",
        "Test ==> Epochs: 0 Batch:  78 loss: 0.04751643937379122 Accuracy: 98.44%",
        "Insufficient test accuracy data.",
        "LR: 0.10470379786343671",
        "Train ==> Epochs: 3 Batch:  468 loss: 0.05630810558795929 Accuracy: 97.83%",
        "Test ==> Epochs: 3 Batch:  78 loss: 0.027877245303243398 Accuracy: 99.13%",
        "Conditions not met for saving the model.",
        "LR: 0.10470379786343671",
        "Train ==> Epochs: 4 Batch:  468 loss: 0.06767883896827698 Accuracy: 97.93%",
        "Test ==> Epochs: 4 Batch:  78 loss: 0.02411178403198719 Accuracy: 99.30%",
        "Target Achieved: 99.30% Test Accuracy!!",
        "LR: 0.10470379786343671",
        "Max Train Accuracy:  0.9793",
        "Max Test Accuracy:  0.993",
    ]


def test_the_original_recipe_counts_a_partial_last_batch_of_test_images(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for num_test, last_batch in ((1, 0), (128, 0), (129, 1)):
        run = replace(begun("plateau"), num_test=num_test)
        assert f"Test ==> Epochs: 0 Batch:  {last_batch} " in lines(capsys, run, epoch(0))[4]


def test_a_best_epoch_by_the_holdout_is_no_target_achieved(
    capsys: pytest.CaptureFixture[str],
) -> None:
    best = epoch(1, test_accuracy=0.5, holdout_accuracy=0.5, is_best=True)
    told = "\n".join(lines(capsys, begun("plateau", num_holdout=5000), best))
    assert "Target Achieved" not in told
    assert "hold-out 50.00 % (best)" in told


@pytest.mark.parametrize("width", [40, 80, 120])
def test_steps_move_a_bar_of_which_nothing_is_cut(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = open_terminal(monkeypatch, width)
    shown(begun(num_epochs=15), replace(STEP, epoch=14))
    assert terminal.bars()
    for line in terminal.bars():
        assert line.startswith("training ━")
        assert "…" not in line
        assert len(line) == width


def test_steps_are_counted_over_all_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    shown(begun(num_epochs=2), replace(STEP, epoch=1, step=468))
    bar = terminal.bars()[-1]
    for words in ("epoch 1", "loss 0.25", "93.75 %", "12,346 images/s"):
        assert words in bar
    assert "╺" not in bar  # where what is done ends and the rest begins: there is no rest


def test_steps_of_the_range_test_move_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    shown(*RANGE_TEST.steps)
    assert re.match("range test ━.* rate 0.105, loss 2.250 ", terminal.bars()[-1])
    assert terminal.stays() == ["range test of up to 1,500 steps"]


@pytest.mark.parametrize("recipe", ["one-cycle", "plateau"])
def test_on_a_terminal_the_same_lines_stay(
    recipe: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = epoch(0)
    events = [begun(recipe), RANGE_TEST.steps[0], RateFound(RANGE_TEST), STEP, done, ended(done)]
    expected = lines(capsys, *events)
    terminal = open_terminal(monkeypatch, width=40)
    shown(*events)
    assert terminal.stays() == expected
    assert capsys.readouterr().out == ""
