"""What Typer complains of, in our words."""

import pytest

from tests.running import Run

HELP = "hint: `mnistops {} --help` shows what it takes"


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (
            ["rff"],
            "rff: expected a command of `mnistops`, got an unknown one",
            "hint: did you mean 'rf'?",
        ),
        (
            ["zzz"],
            "zzz: expected a command of `mnistops`, got an unknown one",
            "hint: `mnistops --help` shows what it takes",
        ),
        (
            ["config", "shwo"],
            "shwo: expected a command of `mnistops config`, got an unknown one",
            "hint: did you mean 'show'?",
        ),
        (
            ["rf", "--dilaton", "2"],
            "--dilaton: expected an option of `mnistops rf`, got an unknown one",
            "hint: did you mean --dilation?",
        ),
        (
            ["rf", "--zzz"],
            "--zzz: expected an option of `mnistops rf`, got an unknown one",
            HELP.format("rf"),
        ),
        (
            ["--zzz"],
            "--zzz: expected an option of `mnistops`, got an unknown one",
            "hint: `mnistops --help` shows what it takes",
        ),
        (
            ["train", "--network", "tiny"],
            "--network: expected an option of `mnistops train`, got an unknown one",
            "hint: the network is an argument: `mnistops train NETWORK`",
        ),
        (
            ["summary", "-net.toml"],
            "-n: expected an option of `mnistops summary`, got an unknown one",
            "hint: a file whose name begins with - is named as ./-n...",
        ),
        (
            ["train", "-epochs", "3"],
            "-e: expected an option of `mnistops train`, got an unknown one",
            "hint: did you mean --epochs?",
        ),
        (
            ["-v"],
            "-v: expected an option of `mnistops`, got an unknown one",
            "hint: `mnistops --help` shows what it takes",
        ),
        (["rf", "--dilation"], "--dilation: expected a value, got none", HELP.format("rf")),
        (["runs", "show"], "RUN: expected a value, got none", HELP.format("runs show")),
        (["rf", "--config"], "--config: expected a value, got none", HELP.format("rf")),
        (
            ["rf", "--keep-size=true"],
            "--keep-size: expected no value, got one",
            HELP.format("rf"),
        ),
        (
            ["rf", "a", "b", "c"],
            "`mnistops rf`: expected no further argument, got b c",
            HELP.format("rf"),
        ),
        (
            ["validate", "runs/a"],
            "`mnistops validate`: expected no further argument, got runs/a",
            "hint: --checkpoint runs/a",
        ),
        (
            ["data", "check", "made"],
            "`mnistops data check`: expected no further argument, got made",
            "hint: --data-dir made",
        ),
        (
            ["data", "check", "--", "a\n)b"],
            "`mnistops data check`: expected no further argument, got a\\x0a)b",
            "hint: --data-dir a\\x0a)b",
        ),
        (
            ["train", "--lr", "0.1"],
            "--lr: expected an option of `mnistops train`, got an unknown one",
            "hint: did you mean --learning-rate?",
        ),
        (
            ["train", "--offline", "--no-offline"],
            "--offline: expected it or --no-offline, got both",
            None,
        ),
    ],
)
def test_a_command_line_that_cannot_be_meant(
    command: Run, arguments: list[str], error: str, hint: str | None
) -> None:
    lines = [f"error: {error}", *([hint] if hint else [])]
    assert command(*arguments) == (2, "", "\n".join(lines) + "\n")
