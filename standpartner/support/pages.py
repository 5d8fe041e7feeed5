"""Fills in self-contained HTML pages from templates in one pass.

The templates lie beside the code that fills them in; shared parts lie in ``support/page_parts``. Every
value is escaped where it is put in, so no title can end an element or fill in another placeholder. Data for the scripts
stands in an element of its own as JSON in which ``<``, ``>``, ``&`` and line separators are escaped.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from standpartner.support.palette import css_variables


def render_page(template: str, values: Mapping[str, Any]) -> str:
    """Fill in a template.

    Args:
        template: The path of the template within the package, such as ``follow/page.html``.
        values: The values of its placeholders. All but ``markupsafe.Markup`` are escaped.

    Returns:
        The text of the page.

    Raises:
        jinja2.UndefinedError: A placeholder has no value.
        ValueError: The data for the scripts holds a number that is not finite, which JSON cannot hold.
    """
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("standpartner", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    made.globals["css_variables"] = css_variables()
    return made
