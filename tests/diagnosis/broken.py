"""Libraries that are broken: packages that stand before the real ones."""

import os
from pathlib import Path

import pytest

ABORTS = "import os; os.write(2, b'OMP: Error #15\\n'); os.abort()"


def break_libraries(monkeypatch: pytest.MonkeyPatch, **code: str) -> None:
    """Let these packages run this code when a worker imports them."""
    folder = Path("broken").absolute()
    for name, text in code.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(text)
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
