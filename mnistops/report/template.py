"""Pages from templates: one file each, which holds all that it shows and asks for nothing."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import mnistops

TEMPLATES = Path(__file__).parent / "templates"


def render_page(name: str, *scripts: str, **values: Any) -> bytes:
    """The page of ``NAME.html``, which extends ``page.html``.

    In it are ``page.css``, ``NAME.css``, and as one script these ``scripts`` and ``NAME.js``.
    Markup in the values is text on the page. What else gets in as a script does not run: the page
    allows the one whose hash it states.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = _joined("page.css", f"{name}.css")
    script = _joined(*(f"{part}.js" for part in (*scripts, name)))
    page = environment.get_template(f"{name}.html").render(
        version=mnistops.__version__,
        style=Markup(style),
        script=Markup(script),
        script_hash=b64encode(sha256(script.encode()).digest()).decode(),
        **values,
    )
    return page.encode("utf-8", "backslashreplace")  # a path may hold bytes that are no text


def _joined(*files: str) -> str:
    return "\n".join((TEMPLATES / file).read_text("utf-8") for file in files)
