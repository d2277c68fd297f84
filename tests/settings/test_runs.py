"""Settings of what is done with runs."""

import pytest
from pydantic import ValidationError

from mnistops.settings import Settings


def test_a_column_to_sort_by() -> None:
    assert Settings().runs.sort == "begun"
    assert Settings(runs={"sort": "errors"}).runs.sort == "errors"
    with pytest.raises(ValidationError):
        Settings.model_validate({"runs": {"sort": "colour"}})
