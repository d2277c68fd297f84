"""Names and forms of the settings."""

from collections import Counter

from mnistops.settings import Settings
from mnistops.settings.fields import fields, form, option, sections, value_of, variable


def test_every_field_can_be_told() -> None:
    for key, field in fields():
        assert field.description, key
        assert field.description.endswith("."), key
        assert form(field)
        value_of(Settings(), key)


def test_no_two_share_an_option_but_a_recipe_and_the_recipes_of_a_study() -> None:
    options = Counter(option(key, field) for key, field in fields() if key != "study.recipe")
    assert options.most_common(1)[0][1] == 1
    assert option("study.recipe", dict(fields())["study.recipe"]) == "--recipe"
    assert {"--data-dir", "--dataset", "--epochs", "--input-size", "--format"} <= set(options)


def test_names() -> None:
    assert variable("train.batch_size") == "MNISTOPS_TRAIN__BATCH_SIZE"
    assert variable("seed") == "MNISTOPS_SEED"
    assert list(sections()) == [
        "data",
        "network",
        "summary",
        "rf",
        "train",
        "study",
        "bench",
        "validate",
        "predict",
        "runs",
        "export",
        "output",
    ]


def test_forms() -> None:
    forms = {key: form(field) for key, field in fields()}
    assert forms["train.epochs"] == "a whole number from 1"
    assert forms["train.learning_rate"] == "a number above 0"
    assert forms["network.dropout"] == "a number from 0 below 1"
    assert forms["train.recipe"] == "one-cycle or plateau"
    assert forms["output.format"] == "table, json, csv or markdown"
    assert forms["rf.keep_size"] == "true or false"
    assert forms["data.dir"] == "a path"
