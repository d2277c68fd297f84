"""The plan of a study: which groups there are, and which runs each of them has."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from re import sub
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from mnistops.errors import UsageError, suggestion
from mnistops.settings.fields import fields, form, value_of
from mnistops.settings.tree import Settings, Tree, deep_merge

_RECIPE = "train.recipe"
_SECTIONS = ("network", "train", "data")

# The study sets these itself, groups that differ in them could not be compared, or the commas of a
# value would be taken for those between values.
_SAME_FOR_ALL = {
    "train.run_dir",
    "train.resume",
    "train.require_target",
    "train.holdout",
    "train.holdout_fold",
    "network.input_size",
}


@dataclass(frozen=True)
class Group:
    """Runs that differ in their seed alone.

    Attributes:
        name: what sets it apart from the others: ``plateau learning_rate=0.1``.
        settings: of each of its runs, but for the seed, the hold-out's fold and the folder.
    """

    name: str
    settings: Settings


@dataclass(frozen=True)
class PlannedRun:
    """One run of a group.

    Attributes:
        name: of its files.
        settings: all of them but for its folder.
    """

    name: str
    group: str
    settings: Settings

    @property
    def seed(self) -> int:
        """Start of its random numbers."""
        return self.settings.seed

    @property
    def fold(self) -> int:
        """Which images are held out, if any."""
        return self.settings.train.holdout_fold


@dataclass(frozen=True)
class _Variation:
    """A setting that is varied, and its values as they were given."""

    key: str
    texts: tuple[str, ...]


def plan_groups(settings: Settings) -> tuple[Group, ...]:
    """Every combination of the study's recipes and of the values that it varies.

    Raises:
        UsageError: a key that cannot be varied, or a value that it does not take.
    """
    study = settings.study
    variations = [_Variation(_RECIPE, study.recipe)] if study.recipe else []
    variations += [_read_variation(text) for text in study.vary]
    for number, variation in enumerate(variations):
        _expect_new(variation, variations[:number])
    groups = []
    for texts in product(*(variation.texts for variation in variations)):
        tree: Tree = {}
        for variation, text in zip(variations, texts, strict=True):
            tree = deep_merge(tree, _tree(variation.key, text))
        name = " ".join(
            _shown(variation.key, text)
            for variation, text in zip(variations, texts, strict=True)
            if len(variation.texts) > 1
        )
        groups.append(Group(name or settings.network.name, settings.changed(tree)))
    return tuple(groups)


def _read_variation(given: str) -> _Variation:
    """``KEY=VALUE,VALUE``, its key and values checked."""
    key, _, values = (part.strip() for part in given.partition("="))
    known = {
        name: field for name, field in fields() if name.split(".")[0] in _SECTIONS and "." in name
    }
    if key not in known:
        raise UsageError(
            f"--vary {key}: expected a setting of {', '.join(_SECTIONS[:-1])} or {_SECTIONS[-1]}, "
            f"got {'one that all runs share' if key in dict(fields()) else 'an unknown key'}",
            suggestion(key, known) or "`mnistops config show` lists the settings",
        )
    if key in _SAME_FOR_ALL:
        raise UsageError(
            f"--vary {key}: expected a setting that may differ between groups, got one that is the "
            "same for all"
        )
    texts = tuple(text.strip() for text in values.split(","))
    _expect_different(key, [_read_value(key, known[key], text) for text in texts])
    return _Variation(key, texts)


def _read_value(key: str, field: FieldInfo, text: str) -> Any:
    try:
        return value_of(Settings(**_tree(key, text)), key)
    except ValidationError:
        raise UsageError(f"--vary {key}: expected {form(field)}, got {text!r:.80}") from None


def _expect_new(variation: _Variation, others: Sequence[_Variation]) -> None:
    if variation.key in {other.key for other in others}:
        also = " (--recipe is one)" if variation.key == _RECIPE else ""
        raise UsageError(f"--vary {variation.key}: expected it once, got it twice{also}")
    if variation.key == _RECIPE:
        _expect_different(_RECIPE, variation.texts)


def _expect_different(key: str, values: Sequence[Any]) -> None:
    for number, value in enumerate(values):
        if value in values[:number]:
            what = "--recipe" if key == _RECIPE else f"--vary {key}"
            raise UsageError(f"{what}: expected different values, got {value!s:.80} twice")


def _tree(key: str, text: str) -> Tree:
    section, name = key.split(".")
    return {section: {name: text}}


def _shown(key: str, text: str) -> str:
    """Recipes and networks tell by themselves what they are."""
    return text if key in (_RECIPE, "network.name") else f"{key.split('.')[1]}={text}"


def plan_runs(
    groups: Sequence[Group], num_seeds: int, num_train_images: int
) -> tuple[PlannedRun, ...]:
    """The runs of all groups, seed after seed: what is there early tells of every group.

    Run number i of each group holds out the images of fold i, and begins anew where all have been
    held out once: groups are judged on the same images, and not always on the same few.

    Args:
        num_train_images: before any are held out.

    Raises:
        UsageError: seeds beyond the highest there is.
    """
    train = groups[0].settings.train
    first_seed = groups[0].settings.seed
    num_folds = num_train_images // train.holdout if train.holdout else 1
    highest = next(item.le for item in dict(fields())["seed"].metadata if hasattr(item, "le"))
    if first_seed + num_seeds - 1 > highest:
        raise UsageError(
            f"--seeds: expected seeds up to {highest}, got {num_seeds:,} from {first_seed} on"
        )
    names = _file_names(groups)
    return tuple(
        PlannedRun(
            f"{names[group.name]}-seed{first_seed + number}",
            group.name,
            group.settings.model_copy(
                update={
                    "seed": first_seed + number,
                    "train": group.settings.train.model_copy(
                        update={"holdout_fold": number % num_folds}
                    ),
                }
            ),
        )
        for number in range(num_seeds)
        for group in groups
    )


def _file_names(groups: Sequence[Group]) -> dict[str, str]:
    """For each group a name of plain characters that no other has."""
    names: dict[str, str] = {}
    for group in groups:
        plain = sub(r"[^A-Za-z0-9._=]+", "-", group.name).strip("-.") or "group"
        taken = {name.lower() for name in names.values()}  # some disks see no difference
        numbered = (f"{plain}-{number}" for number in range(2, len(groups) + 2))
        names[group.name] = next(name for name in (plain, *numbered) if name.lower() not in taken)
    return names
