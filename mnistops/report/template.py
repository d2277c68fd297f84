"""Pages from templates: one file each, which holds all that it shows and asks for nothing."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

TEMPLATES = Path(__file__).parent / "templates"


def render_page(name: str, **values: Any) -> bytes:
    """The page of ``NAME.html``, with ``NAME.css`` and ``NAME.js`` in it.

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
    style, script = ((TEMPLATES / f"{name}.{kind}").read_text("utf-8") for kind in ("css", "js"))
    page = environment.get_template(f"{name}.html").render(
        style=Markup(style),
        script=Markup(script),
        script_hash=b64encode(sha256(script.encode()).digest()).decode(),
        **values,
    )
    return page.encode("utf-8", "backslashreplace")  # a path may hold bytes that are no text
