"""A diagnosis for a bug report: narrow, with advice, without names."""

import getpass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistops.diagnosis.check import Finding
from mnistops.diagnosis.diagnosis import Diagnosis
from mnistops.report.doctor import doctor_report, private
from mnistops.report.publish import publish

WELL = Finding("torch", "fine", "2.14.1")
ILL = Finding("numpy", "problem", "numpy: expected >=2, got 1 " + "and so on " * 20, "mend numpy")
LESS = Finding("compiler", "lacking", "none\x1b[31m", "install g++")
NAMES = {"home": Path("/home/ann"), "user": "ann"}


def printed(capsys: pytest.CaptureFixture[str], *findings: Finding) -> list[str]:
    publish(doctor_report(Diagnosis(findings)), "table")
    return capsys.readouterr().out.splitlines()


def test_a_row_for_each_check_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, WELL, ILL, LESS)
    assert lines[2].split() == ["torch", "fine", "2.14.1"]
    assert lines[3].startswith("numpy     problem  numpy: expected >=2, got 1 and so on ")
    assert max(map(len, lines)) < 80
    assert lines[-4:] == [
        "",
        "problem: numpy: mend numpy",
        "lacking: compiler: install g++",
        "1 problem",
    ]


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ((WELL,), "all that is needed is there"),
        ((WELL, LESS), "all that is needed is there"),
        ((ILL, ILL), "2 problems"),
    ],
)
def test_the_verdict(
    capsys: pytest.CaptureFixture[str], findings: tuple[Finding, ...], verdict: str
) -> None:
    assert printed(capsys, *findings)[-1] == verdict


def test_json_has_the_findings_whole() -> None:
    document = doctor_report(Diagnosis((WELL, ILL, LESS))).document
    assert document["is_fine"] is False
    assert document["findings"][0] == {
        "name": "torch",
        "state": "fine",
        "found": "2.14.1",
        "advice": "",
    }
    assert document["findings"][1]["found"] == ILL.found
    assert document["findings"][2]["found"] == "none\\x1b[31m"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0.1.0 in /home/ann/src/mnistops", "0.1.0 in ~/src/mnistops"),
        ("/home/ann: full", "~: full"),
        ("/home/anna/x and /home/ann-b", "/home/anna/x and /home/USER-b"),
        ("/tmp/torchinductor_ann/x by ann", "/tmp/torchinductor_USER/x by ann"),
        ("see `/scratch/ann`, /scratch/joann", "see `/scratch/USER`, /scratch/joann"),
        ("an annual 1/2", "an annual 1/2"),
    ],
)
def test_no_name_is_shown(text: str, shown: str) -> None:
    assert private(text, **NAMES) == shown  # type: ignore[arg-type]


@given(st.text(), st.text(alphabet="/ab ~._-", max_size=8))
def test_no_home_folder_is_left_in_any_text(before: str, after: str) -> None:
    shown = private(f"{before}/home/ann/{after}", **NAMES)  # type: ignore[arg-type]
    assert "/home/ann/" not in shown and "/ann/" not in shown


def test_a_home_that_is_no_folder_of_ones_own() -> None:
    assert private("/usr/bin/g++", Path("/"), "ann") == "/usr/bin/g++"


def test_it_is_this_users_home_and_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(getpass, "getuser", lambda: "ann")
    report = doctor_report(Diagnosis((Finding("x", "fine", f"{tmp_path}/a /srv/ann"),)))
    assert report.records[0]["found"] == "~/a /srv/USER"


def test_a_system_that_knows_no_user(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> str:
        raise KeyError("uid")

    monkeypatch.setattr(getpass, "getuser", unknown)
    assert private("/srv/ann") == "/srv/ann"
