"""Examples: command lines to start from, at the end of each command's help."""

from collections.abc import Mapping

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "": (
        "mnistops train --epochs 4",
        "mnistops validate --report",
        "mnistops summary --help",
    ),
    "summary": (
        "mnistops summary",
        "mnistops summary net.toml --max-params 8k --max-kb 32",
        "mnistops summary net.py:Net --depth 1 --format json",
    ),
    "rf": (
        "mnistops rf",
        "mnistops rf net.toml --dilation 1,2 --keep-size",
        "mnistops rf tiny --verify --plot fields.png",
    ),
    "train": (
        "mnistops train",
        "mnistops train net.toml --epochs 4 --holdout 5000",
        "mnistops train tiny --run-dir runs/mine",
        "mnistops train --resume runs/mine",
    ),
    "lr-find": ("mnistops lr-find net.toml --out found",),
    "study": (
        "mnistops study --holdout 5000 --vary train.learning_rate=0.1,0.3",
        "mnistops study --vary network.name=reference,net.toml --seeds 4 --dir both",
    ),
    "bench": ("mnistops bench tiny --engines eager,native --seconds 2",),
    "validate": (
        "mnistops validate",
        "mnistops validate --checkpoint small --split test --report",
        "mnistops validate --checkpoint runs/mine --max-errors 60",
    ),
    "predict": (
        "mnistops predict photograph.jpg",
        "mnistops predict *.png --checkpoint runs/mine --show seen",
    ),
    "demo": (
        "mnistops demo",
        "mnistops demo --checkpoint runs/mine --out demo.html",
    ),
    "export": (
        "mnistops export runs/mine",
        "mnistops export small --to safetensors --out small",
    ),
    "doctor": ("mnistops doctor --offline",),
    "runs list": ("mnistops runs list --sort accuracy",),
    "runs show": ("mnistops runs show runs/mine",),
    "runs compare": ("mnistops runs compare runs/mine runs/other --out compared",),
    "data fetch": ("mnistops data fetch",),
    "data check": (
        "mnistops data check",
        "mnistops data check --dataset folder --format json",
    ),
    "config show": (
        "mnistops config show",
        "MNISTOPS_TRAIN__EPOCHS=3 mnistops config show --recipe plateau",
    ),
    "config init": ("mnistops config init mnistops.toml",),
    "config schema": ("mnistops config schema > mnistops.schema.json",),
}
"""By the words of the command; none are those of all of them."""


def epilog(words: str) -> str:
    """The examples of a command, as the end of its help."""
    lines = EXAMPLES[words]
    return "\n".join(["Examples:" if len(lines) > 1 else "Example:", *lines])
