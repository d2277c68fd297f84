"""The ``mnistops`` command: its subcommands, and the one place where errors become exit codes."""

import atexit
import errno
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, NoReturn

import typer

from mnistops import __version__
from mnistops.cli.examples import epilog
from mnistops.cli.groups import commands_of, show_help
from mnistops.cli.signals import interruption, stop_interrupting
from mnistops.cli.usage import usage_error
from mnistops.errors import CannotWrite, ExitCode, MissingInput, MnistopsError
from mnistops.report.console import complain, remark, write
from mnistops.resources import out_of_resources
from mnistops.user_code import users_line, users_mistake

COMMANDS = (
    "summary",
    "rf",
    "train",
    "lr-find",
    "study",
    "bench",
    "validate",
    "predict",
    "demo",
    "export",
    "doctor",
    "runs",
    "data",
    "config",
)

# What pathlib raises of a place where it is but asked whether something is there.
_OUT_OF_REACH = (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.EIO, errno.ESTALE)

# The variable by which a shell asks for words.
_COMPLETE = "_MNISTOPS_COMPLETE"

app = typer.Typer(
    cls=commands_of(*COMMANDS),
    help="Design tiny image classifiers and prove them.",
    epilog=epilog(""),
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        write(f"mnistops {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[
        bool | None,
        typer.Option(
            "--version",
            metavar="",
            callback=_print_version,
            is_eager=True,
            help="Show the version.",
        ),
    ] = None,
) -> None:
    del version  # its callback has exited
    show_help(context)


def main() -> NoReturn:
    """Run the command of this process, and end it with the command's code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # an ASCII stream loses nothing
    if _COMPLETE in os.environ:
        os.environ["COLUMNS"] = "10000"  # Typer wraps descriptions, and a shell takes lines apart
    _leave(run(sys.argv[1:]))


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
    except BaseException as error:
        code = interruption()  # whatever became of it in the code that it came upon
        if code is None:
            return _fail(error, arguments)
    finally:
        stop_interrupting()
    # Typer's own number, for a KeyboardInterrupt; a run that was stopped has told of it.
    if code == ExitCode.SIGINT and not isinstance(code, ExitCode):
        code = interruption() or code
        if code == ExitCode.SIGINT:
            remark("interrupted")
    return code if isinstance(code, int) else ExitCode.DONE


def _fail(error: BaseException, arguments: Sequence[str]) -> int:
    """Tell of the error and return its exit code."""
    if isinstance(error, SystemExit) and _COMPLETE in os.environ:
        return error.code if isinstance(error.code, int) else ExitCode.DONE  # fish asks by it
    if isinstance(error, SystemExit) and _is_typers(arguments):
        return ExitCode.DONE  # also where the reader of a help text has closed the pipe
    failure = _explained(error, arguments)
    if failure is not error:
        failure.__cause__ = error
    complain(failure)
    if "--debug" in arguments:
        remark("".join(traceback.format_exception(failure)).rstrip())
    return failure.exit_code


def _is_typers(arguments: Sequence[str]) -> bool:
    """Whether Typer does it all: a help text, or what a shell completes words by."""
    own = {"--help", "-h", "--install-completion", "--show-completion"}
    return not own.isdisjoint(arguments) or _COMPLETE in os.environ


def _explained(error: BaseException, arguments: Sequence[str]) -> MnistopsError:
    """Any error as one of ours."""
    if isinstance(error, MnistopsError):
        return error
    if isinstance(error, typer.TyperException):
        return usage_error(error, arguments)
    if isinstance(error, OSError) and _is_typers(arguments):
        place = error.filename or "standard output"
        return CannotWrite(f"{place}: expected to write, got: {error.strerror}")
    if found := out_of_resources(error):
        return found
    if users_line(traceback.extract_tb(error.__traceback__)):  # called where nobody would think of
        return users_mistake(error, "the network's code")
    if isinstance(error, OSError) and error.filename and error.errno in _OUT_OF_REACH:
        return MissingInput(f"{error.filename!s:.200}: expected to reach it, got: {error.strerror}")
    # Imported here, where it is needed once in a long while.
    from mnistops.cli.crash import explain_crash

    return explain_crash(error, arguments)
