"""The ``MNISTOPS_*`` variables as raw values; loaded only where there are any."""

from typing import Any, cast

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource

from mnistops.settings.forms import Form
from mnistops.settings.tree import Settings


class Environment(EnvSettingsSource):
    """pydantic-settings' reader, for a model that looks nowhere by itself."""

    def __init__(self, prefix: str) -> None:
        # Of the class, it asks for no more than the fields, which every model has.
        settings = cast(type[BaseSettings], Settings)
        super().__init__(settings, env_prefix=prefix, env_nested_delimiter="__")

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """Read a section as JSON; leave a list as a person writes it to its field."""
        if any(isinstance(item, Form) for item in field.metadata):
            return value
        return super().decode_complex_value(field_name, field, value)
