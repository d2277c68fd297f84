"""The ``mnistops`` command: its subcommands, and the one place where errors become exit codes."""

import atexit
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from itertools import takewhile
from typing import Annotated, NoReturn

import typer

from mnistops import __version__
from mnistops.cli import bench, config, data, lr_find, predict, rf, study, summary, train, validate
from mnistops.errors import ExitCode, MnistopsError, UsageError
from mnistops.report.console import complain, remark, write

app = typer.Typer(
    help="Design tiny image classifiers and prove them.",
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
app.command("summary")(summary.summary)
app.command("rf")(rf.rf)
app.command("train")(train.train)
app.command("lr-find")(lr_find.lr_find)
app.command("study")(study.study)
app.command("bench")(bench.bench)
app.command("validate")(validate.validate)
app.command("predict")(predict.predict)

data_app = typer.Typer(help="Fetch MNIST, or check the data that is there.")
data_app.command("fetch")(data.fetch)
data_app.command("check")(data.check)
app.add_typer(data_app, name="data")

config_app = typer.Typer(help="Show the settings, or write a file of them to start from.")
config_app.command("show")(config.show)
config_app.command("init")(config.init)
config_app.command("schema")(config.schema)
app.add_typer(config_app, name="config")


def _print_version(wanted: bool) -> None:
    if wanted:
        write(f"mnistops {__version__}")
        raise typer.Exit


@data_app.callback(invoke_without_command=True)
@config_app.callback(invoke_without_command=True)
def _help_without_command(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        write(context.get_help())


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[
        bool | None,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = None,
) -> None:
    del version  # its callback has exited
    _help_without_command(context)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit with its code; an error is two lines on standard error.

    Args:
        arguments: None takes the process's.
    """
    is_process = arguments is None
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # an ASCII stream loses nothing
    code = run(arguments)
    if is_process:
        _leave(code)
    sys.exit(code)


def _leave(code: int) -> NoReturn:
    """End the process with nothing left undone, but without taking torch down piece by piece.

    That takes a second, a quarter of looking at a network.
    """
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # closed: nobody wants what is left
            if stream is not None:
                stream.flush()
    os._exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code; an error is two lines on standard error."""
    try:
        code = app(list(arguments), prog_name="mnistops", standalone_mode=False)
        if code == ExitCode.SIGINT:  # Typer's, for a KeyboardInterrupt
            remark("interrupted")
        return code if isinstance(code, int) else ExitCode.DONE
    except MnistopsError as error:
        failure = error
    except typer.TyperException as error:
        failure = _usage_error(error, arguments)
    except SystemExit:
        return ExitCode.DONE  # Typer's, where the reader of a help text has closed the pipe
    except Exception as error:
        failure = MnistopsError(
            f"mnistops: expected no bug, got {type(error).__name__}: {error}",
            "please report it, with what the same command prints with --debug",
        )
        failure.__cause__ = error
    complain(failure)
    if "--debug" in arguments:
        remark("".join(traceback.format_exception(failure)).rstrip())
    return failure.exit_code


def _usage_error(error: typer.TyperException, arguments: Sequence[str]) -> UsageError:
    """Typer's complaint about the command line in our two lines."""
    words = takewhile(lambda word: not word.startswith("-"), arguments)
    option = getattr(error, "option_name", None)
    near = getattr(error, "possibilities", None)
    context = getattr(error, "ctx", None)
    path = context.command_path if context else " ".join(["mnistops", *words])
    hint = f"`{path} --help` shows what it takes"
    if hasattr(error, "possibilities"):
        message = f"{option}: expected an option of `{path}`, got an unknown one"
        return UsageError(message, f"did you mean {near[0]}?" if near else hint)
    if option is not None and "requires" in error.format_message():
        return UsageError(f"{option}: expected a value, got none", hint)
    message, asked, near = error.format_message().partition("Did you mean ")
    message = message.rstrip(". ")
    return UsageError(message[:1].lower() + message[1:], f"did you mean {near}" if asked else hint)
