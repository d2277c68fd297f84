"""What is read of a run's folder is what was written into it, or nothing."""

from pathlib import Path

import pytest

from mnistops.training.events import EpochMetrics
from mnistops.training.run_folder import write_record, write_table
from mnistops.training.run_record import read_run

ROWS = [EpochMetrics(n, 0.3 / (n + 1), 0.9, 0.1, 0.99, 0.1, 2.5) for n in range(3)]
HELD = [EpochMetrics(0, 0.3, 0.9, 0.1, 0.99, 0.1, 2.5, 0.2, 0.97)]


@pytest.mark.parametrize("rows", [ROWS, HELD])
def test_what_was_written_is_read(tmp_path: Path, rows: list[EpochMetrics]) -> None:
    write_record(tmp_path, {"status": "done", "seed": 3})
    write_table(tmp_path / "metrics.csv", rows)
    record = read_run(tmp_path)
    assert record is not None
    assert record.values == {"status": "done", "seed": 3}
    assert list(record.epochs) == rows


def test_a_column_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    write_record(tmp_path, {})
    write_table(tmp_path / "metrics.csv", ROWS)
    lines = (tmp_path / "metrics.csv").read_text().splitlines()
    text = "\n".join(f"{line},{'new' if n == 0 else 'x'}" for n, line in enumerate(lines))
    (tmp_path / "metrics.csv").write_text(text)
    record = read_run(tmp_path)
    assert record is not None and list(record.epochs) == ROWS


@pytest.mark.parametrize("text", [None, b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_another_folder_is_no_runs(tmp_path: Path, text: bytes | None) -> None:
    if text is not None:
        (tmp_path / "run.json").write_bytes(text)
    assert read_run(tmp_path) is None


HEAD = "epoch,train_loss,train_accuracy,test_loss,test_accuracy,learning_rate,time_seconds\n"


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        HEAD,
        "epoch,train_loss\n0,0.5\n",
        HEAD + "x,0.3,0.9,0.1,0.99,0.1,2.5\n",
        HEAD + "0,0.3,0.9,0.1,nan,0.1,2.5\n",
        HEAD + "0,0.3,0.9,0.1,0.99,0.1,inf\n",
        HEAD + "0,0.3,0.9,0.1,,0.1,2.5\n",
        HEAD + ",0.3,0.9,0.1,0.99,0.1,2.5\n",
        HEAD + "\0,0.3\n",
        HEAD.encode() + b"\xff",
        HEAD + f'"{"9" * 200_000}"',
    ],
)
def test_a_table_of_something_else_tells_no_epochs(
    tmp_path: Path, text: str | bytes | None
) -> None:
    write_record(tmp_path, {})
    if text is not None:
        (tmp_path / "metrics.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    record = read_run(tmp_path)
    assert record is not None and record.epochs == ()
