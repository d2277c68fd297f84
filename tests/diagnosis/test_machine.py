"""The machine: its processor, devices and compilers, there or not."""

import os
from pathlib import Path

import pytest
import torch

from mnistops.diagnosis.check import Finding
from mnistops.diagnosis.machine import machine_checks
from mnistops.native.compiler import find_compiler
from mnistops.settings import Settings


def finding(name: str, device: str = "cpu") -> Finding:
    (check,) = (check for check in machine_checks() if check.name == name)
    return check.find(Settings(device=device))


def test_the_processor_and_its_cores() -> None:
    found = finding("processor").found
    assert f" of {os.cpu_count()} cores" in found


def test_the_device_that_would_be_taken() -> None:
    found = finding("devices", "auto").found
    assert found.startswith("auto takes ")
    assert f"({torch.get_num_threads()} threads)" in found or "cuda" in found


def test_a_device_that_is_asked_for_and_not_there() -> None:
    assert finding("devices", "cuda:99") == Finding(
        "devices",
        "problem",
        f"--device cuda:99: expected a CUDA device, got {torch.cuda.device_count() or 'none'}"
        + (" of them" if torch.cuda.device_count() else ""),
        "try auto",
    )


def test_the_compiler_and_its_kernels() -> None:
    compiler = finding("compiler")
    assert compiler.state == "fine" and compiler.found.startswith(f"{find_compiler()}, ")
    assert finding("native kernels").found.startswith("built; ")
    assert "not tried" in finding("torch.compile").found or finding("torch.compile").advice


def test_without_a_compiler_there_is_less_but_no_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    for name in ("compiler", "torch.compile"):
        found = finding(name)
        assert found.state == "lacking"
        assert "expected a C++ compiler, got none (no-such-compiler)" in found.found
        assert found.advice == "install one, as g++, or choose another --engine"


def test_a_compiler_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("cc").write_text("#!/bin/sh\nexit 3\n")
    Path("cc").chmod(0o755)
    monkeypatch.setenv("CXX", "./cc")
    assert finding("compiler").found == "./cc, exit code 3"


def test_without_pythons_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sysconfig.get_path", lambda _: "nowhere")
    found = finding("torch.compile")
    assert found.found == "nowhere/Python.h: expected Python's headers, got none"
    assert found.state == "lacking" and "python3-dev" in found.advice
