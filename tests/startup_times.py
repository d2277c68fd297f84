"""Wall times of whole commands beside ``import torch``, in turn, so that all see the same machine.

python tests/startup_times.py [ROUNDS]
"""

import shutil
import statistics
import subprocess
import sys
import time

MNISTOPS = shutil.which("mnistops") or "mnistops"
COMMANDS = {
    "mnistops --help": [MNISTOPS, "--help"],
    "mnistops --version": [MNISTOPS, "--version"],
    "mnistops summary": [MNISTOPS, "summary"],
    "mnistops rf": [MNISTOPS, "rf"],
    'python -c "import torch"': [sys.executable, "-c", "import torch"],
}


def seconds(command: list[str]) -> float:
    """Wall time of one run."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main(rounds: int) -> None:
    """Run every command in turn, ``rounds`` times after a warm-up, and print a table."""
    for command in COMMANDS.values():
        seconds(command)
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, command in COMMANDS.items():
            times[name].append(seconds(command))
    torchs = statistics.median(times['python -c "import torch"'])
    print("| command | median s | best s | of `import torch` |")
    print("| --- | ---: | ---: | ---: |")
    for name, values in times.items():
        median = statistics.median(values)
        print(f"| `{name}` | {median:.2f} | {min(values):.2f} | {median / torchs:.2f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
