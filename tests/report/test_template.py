"""Templates: a page holds all that it needs, and nothing in it is run but its own script."""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest

from mnistops.report import template
from mnistops.report.template import TEMPLATES, render_page

PAGE = """\
<meta http-equiv="Content-Security-Policy" content="script-src 'sha256-{{ script_hash }}'">
<style>{{ style }}</style><p title="{{ text }}">{{ text }}</p><script>{{ script }}</script>
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(template, "TEMPLATES", tmp_path)
    (tmp_path / "a.html").write_text(PAGE)
    (tmp_path / "page.css").write_text("p { margin: 0 }")
    (tmp_path / "a.css").write_text("p > b { content: '\"' }")
    (tmp_path / "part.js").write_text('"use strict";\n')
    (tmp_path / "a.js").write_text("if (1 < 2 && '\u2192') alert(1);\n")
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_markup_in_values_is_text_and_the_files_are_as_they_are() -> None:
    page = render_page("a", text='</script><b onclick="x">\'&').decode()
    assert "<style>p { margin: 0 }\np > b { content: '\"' }</style>" in page
    escaped = "&lt;/script&gt;&lt;b onclick=&#34;x&#34;&gt;&#39;&amp;"
    assert f'<p title="{escaped}">{escaped}</p>' in page


def test_the_script_that_may_run_is_named_by_its_hash(folder: Path) -> None:
    page = render_page("a", "part", text="").decode()
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert script == "\n".join((folder / f"{name}.js").read_text() for name in ("part", "a"))
    assert f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" in page


@pytest.mark.usefixtures("folder")
def test_text_that_cannot_be_encoded_is_shown_all_the_same() -> None:
    assert b"runs/\\udcff" in render_page("a", text=b"runs/\xff".decode(errors="surrogateescape"))


@pytest.mark.parametrize("path", [p for p in TEMPLATES.iterdir() if p.suffix in {".css", ".js"}])
def test_no_file_ends_its_own_element_or_asks_for_another(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"</|<!--|https?:|url\(|@import|\bimport\b|fetch\(", text)
