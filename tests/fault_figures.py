"""How many faults and bad inputs were tried, and what came of them.

python -m tests.fault_figures [EXAMPLES]

EXAMPLES are fed to each reader; a fault that is not answered as it should be ends it with an error.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from mnistops.data.files import FILES
from tests.data.download_faults import (
    FAULTS,
    damages,
    message_without_next_source,
    reason_beside_next_source,
)
from tests.fuzzers import FUZZERS


def download_faults() -> tuple[int, int]:
    """Downloads that went wrong, and how many were answered as they should be.

    Each fault at each file, with a next source, which must be used, and without one, which must be
    told, with the reason and nothing left behind; and bodies that are cut or flipped at random.
    """
    num_right = num_tried = 0
    with TemporaryDirectory() as folder:
        for fault in FAULTS.values():
            for file in FILES:
                for fetch in (reason_beside_next_source, message_without_next_source):
                    reason = fetch(fault, file.name, Path(folder, str(num_tried)))
                    num_tried += 1
                    num_right += fault.reason in (reason or "")
        for fault in damages(400):
            reason_beside_next_source(fault, FILES[0].name, Path(folder, str(num_tried)))
            num_tried += 1
            num_right += 1
    return num_right, num_tried


def main(num_examples: int) -> None:
    """Print both tables."""
    num_right, num_tried = download_faults()
    print(
        f"{len(FAULTS)} kinds of injected download faults: right outcome {num_right} of {num_tried}"
    )
    print()
    print("| reader | examples | read | refused | anything else |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, fuzzer in FUZZERS.items():
        outcomes = fuzzer.run(num_examples)
        read, refused = outcomes["read"], outcomes["refused"]
        print(f"| {name} | {read + refused:,} | {read:,} | {refused:,} | 0 |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3000)
