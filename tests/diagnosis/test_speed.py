"""The speed: that of training steps, without MNIST."""

import re
from pathlib import Path

import pytest

from mnistops.diagnosis import speed
from mnistops.diagnosis.speed import speed_checks
from mnistops.settings import Settings
from mnistops.training.engines import Workbench


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "SECONDS", 0.05)
    monkeypatch.setattr(speed, "NUM_IMAGES", 256)
    monkeypatch.setattr("mnistops.training.engine_choice.STEPS_TIMED", 1)


def found(settings: Settings) -> str:
    (check,) = speed_checks()
    finding = check.find(settings)
    assert finding.state == "fine", finding
    return finding.found


def test_images_per_second_of_the_engine_that_would_be_taken(cache_home: Path) -> None:
    text = found(Settings(device="cpu"))
    shape = r"([\d,]+) images/s: reference, (native|eager) engine, fp32, 128 per step, on made .+"
    match = re.fullmatch(shape, text)
    assert match and int(match[1].replace(",", "")) > 50
    # The choice is remembered: the next training takes it as well.
    assert any((cache_home / "mnistops" / "engines").iterdir())


def test_without_native_kernels_it_is_another_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Workbench, "native_obstacle", lambda _: "no compiler")
    monkeypatch.setattr("mnistops.training.engine_choice.COMPILING_SECONDS", 1e9)
    assert "eager engine" in found(Settings(device="cpu"))


def test_what_the_settings_train_does_not_matter() -> None:
    assert "reference, " in found(Settings(network={"name": "none.toml"}, device="cpu"))


def test_a_device_that_is_not_there() -> None:
    (check,) = speed_checks()
    finding = check.find(Settings(device="cuda:99"))
    assert finding.state == "problem" and finding.advice == "try auto"
