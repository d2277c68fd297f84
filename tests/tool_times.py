"""Wall times of whole processes that look at a network, ours beside others', in turn in one run.

python tests/tool_times.py [ROUNDS]

Each builds the network with random weights, looks at it with an image of its size, and prints.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MNISTOPS = shutil.which("mnistops") or "mnistops"
NETWORKS = {
    "reference": (
        "from mnistops.networks.build import build; from mnistops.networks.zoo import REFERENCE; "
        "net = build(REFERENCE)",
        "1, 28, 28",
    ),
    "resnet50": ("from torchvision.models import resnet50; net = resnet50()", "3, 224, 224"),
}
TOOLS = {
    "torchinfo": "import torchinfo; torchinfo.summary(net, (1, {size}))",
    "torchsummary": "import torchsummary; torchsummary.summary(net, ({size}), device='cpu')",
    "TorchLens": (
        "import torch, torchlens; "
        "print(torchlens.trace(net.eval(), torch.zeros(1, {size})).summary())"
    ),
}


def commands(folder: Path) -> dict[tuple[str, str], list[str]]:
    """What to run, by network and tool."""
    file = folder / "net.py"
    file.write_text("from torchvision.models import resnet50\n")
    ours = {"reference": ["reference"], "resnet50": [f"{file}:resnet50", "--input-size=3,224,224"]}
    chosen = {}
    for network, (build, size) in NETWORKS.items():
        for verb in ("summary", "rf"):
            chosen[network, f"mnistops {verb}"] = [MNISTOPS, verb, *ours[network]]
        for tool, look in TOOLS.items():
            code = f"{build}; {look.format(size=size)}"
            chosen[network, tool] = [sys.executable, "-W", "ignore", "-c", code]
    return chosen


def seconds(command: list[str]) -> float:
    """Wall time of one run."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def main(rounds: int) -> None:
    """Run every command in turn, ``rounds`` times after a warm-up, and print a table."""
    with tempfile.TemporaryDirectory() as folder:
        every = commands(Path(folder))
        for command in every.values():
            seconds(command)
        times: dict[tuple[str, str], list[float]] = {key: [] for key in every}
        for _ in range(rounds):
            for key, command in every.items():
                times[key].append(seconds(command))
    print("| network | tool | median s | best s | of the fastest other |")
    print("| --- | --- | ---: | ---: | ---: |")
    for (network, tool), values in times.items():
        median = statistics.median(values)
        others = min(statistics.median(times[network, other]) for other in TOOLS)
        print(f"| {network} | {tool} | {median:.2f} | {min(values):.2f} | {median / others:.2f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
