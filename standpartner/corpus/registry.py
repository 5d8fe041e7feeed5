"""Lists the corpora that can be built. Each is a module with a ``RECIPE``, which is imported when it is needed."""

from importlib import import_module
from typing import Final

from standpartner.corpus.build import Recipe
from standpartner.errors import ConfigError

# The modules; the split of each is in splits/NAME.tsv.
CORPORA: Final = ("nottingham", "msmd", "mutopia", "humdrum", "asap", "vienna", "prints", "invented")


def find_recipe(name: str) -> Recipe:
    """Find the recipe of a corpus.

    Raises:
        ConfigError: There is no such corpus.
        MissingExtraError: The recipe needs a package that is not installed.
    """
    if name not in CORPORA:
        raise ConfigError(f"no corpus {name!r}; expected one of {', '.join(CORPORA)}")
    recipe: Recipe = import_module(f"standpartner.corpus.recipes.{name}").RECIPE
    return recipe
