"""``mnistops`` as a process: what it needs before anything large is loaded."""

import os

from mnistops.cli.signals import interruption, raise_interrupts


def main() -> None:
    """Run the command and end the process."""
    raise_interrupts()
    _open_standard_streams()
    try:
        from mnistops.cli.app import main as run_and_exit

        run_and_exit()
    except KeyboardInterrupt:  # before the command has begun, or when it is done
        raise SystemExit(interruption()) from None


def _open_standard_streams() -> None:
    """Let no file of ours take the place of a stream that is closed, and be printed into."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


if __name__ == "__main__":
    main()
