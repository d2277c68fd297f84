"""Design tiny image classifiers and prove them.

>>> import mnistops
>>> mnistops.summarize("reference").total_params
5340
>>> [row.size for row in mnistops.receptive_field("reference")][-1]
(40, 40)

Names are imported on first use, so that ``import mnistops`` stays quick.
"""

TYPE_CHECKING = False  # as typing has it, which `import mnistops` need not wait for

__version__ = "0.1.0"

if TYPE_CHECKING:
    from mnistops.benchmark.bench import bench
    from mnistops.evaluation import evaluate
    from mnistops.inspection import receptive_field, summarize
    from mnistops.networks.spec import NetworkSpec
    from mnistops.prediction import predict
    from mnistops.settings import Settings
    from mnistops.studies.run import study
    from mnistops.training.run import train
    from mnistops.validation import validate

__all__ = [
    "NetworkSpec",
    "Settings",
    "bench",
    "evaluate",
    "predict",
    "receptive_field",
    "study",
    "summarize",
    "train",
    "validate",
]

_HOME = {
    "NetworkSpec": "mnistops.networks.spec",
    "Settings": "mnistops.settings",
    "bench": "mnistops.benchmark.bench",
    "evaluate": "mnistops.evaluation",
    "predict": "mnistops.prediction",
    "receptive_field": "mnistops.inspection",
    "study": "mnistops.studies.run",
    "summarize": "mnistops.inspection",
    "train": "mnistops.training.run",
    "validate": "mnistops.validation",
}


def __getattr__(name: str) -> object:
    """Import a public name where it lives (PEP 562)."""
    from importlib import import_module

    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
