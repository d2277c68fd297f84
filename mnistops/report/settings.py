"""The settings for people: every value with its source, and a file to start from."""

from pathlib import Path
from typing import Any

from mnistops.report.grid import Column, Grid
from mnistops.report.publish import Report
from mnistops.settings.fields import fields, form, option, sections, value_of, variable
from mnistops.settings.load import Loaded
from mnistops.settings.tree import RECIPES, Settings

_COLUMNS = (
    Column("setting", is_number=False),
    Column("value", is_number=False),
    Column("from", rank=1, is_number=False),
)


def settings_report(loaded: Loaded) -> Report:
    """Every setting, its value, and where that came from."""
    records = [
        {"setting": key, "value": _plain(value_of(loaded.settings, key)), "source": source}
        for key, source in loaded.sources.items()
    ]
    rows = tuple((r["setting"], _shown(r["value"]), r["source"]) for r in records)
    return Report((Grid(_COLUMNS, rows),), records, records)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def _shown(value: Any) -> str:
    if value is None or value == ():
        return "unset"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


# What a file might set where the default is that nothing is set.
_EXAMPLES = {
    "data.dir": '"data"',
    "network.input_size": "[1, 28, 28]",
    "network.dropout": "0.03",
    "summary.depth": "1",
    "summary.columns": '"layer,output,params"',
    "summary.max_params": '"8k"',
    "summary.max_mult_adds": '"2M"',
    "summary.max_kb": "32",
    "rf.dilation": "[1, 2]",
    "rf.layers": '"convblock5"',
    "rf.unit": "[0, 0]",
    "rf.plot": '"fields.png"',
    "train.learning_rate": "0.1",
    "train.init_from": '"small"',
    "train.log": '"tensorboard"',
    "train.resume": '"runs/mine"',
    "train.run_dir": '"runs/mine"',
    "study.recipe": '"one-cycle,plateau"',
    "study.vary": '["train.learning_rate=0.1,0.3"]',
    "study.workers": "2",
    "study.dir": '"runs/mine"',
    "bench.engines": '"eager,native"',
    "bench.chart": '"bench.png"',
    "validate.checkpoint": '"runs/mine/last.pt"',
    "validate.max_errors": "60",
    "predict.show": '"seen"',
    "export.to": '"onnx,pt2"',
    "output.out": '"out"',
}


def commented_toml() -> str:
    """A settings file with every setting in it, all commented out."""
    lines = [
        "# Settings of mnistops. Save this as mnistops.toml in the working folder, or name it with",
        "# --config FILE, and uncomment what you want to change. Command line and MNISTOPS_*",
        "# environment variables go before this file, a recipe's values and defaults behind it.",
    ]
    section = ""
    for key, field in fields():
        head, _, name = key.rpartition(".")
        if head != section:
            section = head
            lines += ["", f"[{head}]", f"# {sections()[head].__doc__}"]
        presets = {
            recipe: preset for recipe, preset in RECIPES.items() if name in preset.get(head, {})
        }
        by_recipe = [f"{recipe}: {preset[head][name]}" for recipe, preset in presets.items()]
        lines += [
            "",
            f"# {field.description}",
            f"# {form(field)}; {option(key, field)}, {variable(key)}",
            *([f"# by recipe: {', '.join(by_recipe)}"] if by_recipe else []),
            *(["# unset by default; for example:"] if key in _EXAMPLES else []),
            f"# {name or key} = {_EXAMPLES.get(key) or _toml_value(field.default)}",
        ]
    return "\n".join(lines)


def _toml_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str | Path) else str(value)


def settings_schema() -> dict[str, Any]:
    """The JSON schema of a settings file."""
    return Settings.model_json_schema()
