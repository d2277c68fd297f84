"""What the tests of pictures share."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from mnistops.report import bench_figure, confusion, curves, mistakes, size_figure, study_figure


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are saved from now on; none is written."""
    figures: list[Figure] = []

    def keep(figure: Figure, path: Path) -> Path:
        figures.append(figure)
        return path

    for module in (bench_figure, confusion, curves, mistakes, size_figure, study_figure):
        monkeypatch.setattr(module, "save_figure", keep)
    return figures
