"""Settings: what can be set (`tree`), how each is named and written (`fields`), whence (`load`)."""

from mnistops.settings.load import Loaded, load_settings
from mnistops.settings.tree import RECIPES, Settings

__all__ = ["RECIPES", "Loaded", "Settings", "load_settings"]
