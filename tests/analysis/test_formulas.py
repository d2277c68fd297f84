"""Formulas in numbers: each says what it computes."""

import re

from hypothesis import given

from mnistops.analysis.lower import lower
from mnistops.analysis.receptive_field import receptive_fields
from mnistops.networks.spec import NetworkSpec
from tests.strategies import specs


def results(formula: str) -> list[tuple[int, int]]:
    """(computed, claimed) for each ``expression = number`` in a formula."""
    pairs = []
    for part in re.sub(r"\b(height|width): ", "", formula).split("; "):
        expression, claimed = part.split(" = ")
        python = re.sub(r"floor\((.*)/(\d+)\)", r"((\1)//\2)", expression)
        python = re.sub(r"ceil\((.*)/(\d+)\)", r"(-(-(\1)//\2))", python)
        assert re.fullmatch(r"[-+*/() \d]+", python)
        pairs.append((eval(python), int(claimed)))
    return pairs


@given(specs())
def test_formulas_compute_what_they_claim(spec: NetworkSpec) -> None:
    for row in receptive_fields(lower(spec)):
        for formula, values in ((row.formula, row.size), (row.output_formula, row.output_size)):
            if " = " not in formula:
                assert formula == "unchanged" or formula.startswith(("set to", "height: set to"))
                continue
            computed = results(formula)
            assert values
            assert [claimed for _, claimed in computed] == list(
                values if len(computed) == 2 else values[:1]
            )
            assert all(value == claimed for value, claimed in computed)
