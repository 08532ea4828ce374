"""The documentation: `python -m sphinx -W -b html docs docs/_build`. llms.txt and Markdown pages come with it."""

import re
import tomllib
from pathlib import Path

from sphinx_markdown_builder.translator import PREDEFINED_ELEMENTS

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

project = "chatkit-async"
author = PROJECT["authors"][0]["name"]
project_copyright = f"2026, {author}"
release = version = PROJECT["version"]

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_llm.txt",
]
exclude_patterns = ["_build", "_drafts", "examples"]
default_role = "code"
html_theme = "furo"
html_title = "chatkit-async"
html_baseurl = "https://chatkit-async.readthedocs.io/en/latest/"
html_theme_options = {
    "source_repository": PROJECT["urls"]["Source"],
    "source_branch": "main",
    "source_directory": "docs/",
}
copybutton_prompt_text = r"\$ "
copybutton_prompt_is_regexp = True
llms_txt_description = PROJECT["description"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 88
suppress_warnings = ["ref.python"]  # fields named `object` and `type` look like targets of annotations
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
napoleon_custom_sections = ["Wire form", "Source"]

INDENTED_EXAMPLE = re.compile(r"\s*Examples?:\s*$")


def show_examples_as_code(app, what, name, obj, options, lines) -> None:  # noqa: PLR0917 - called by Sphinx
    """Turns the indented block under `Example:` into a code block; napoleon would read it as prose."""
    result, in_example = [], False
    for line in lines:
        if INDENTED_EXAMPLE.match(line):
            in_example = True
            result += ["**Example**", "", ".. code-block:: python", ""]
        else:
            in_example = in_example and (not line.strip() or line.startswith(" "))
            result.append(line)
    lines[:] = result


def setup(app) -> None:
    """Called by Sphinx; before napoleon, which takes the default priority of 500."""
    app.connect("autodoc-process-docstring", show_examples_as_code, priority=400)
    # The Markdown pages: without this row, the `*` of a signature is a node that their builder does not know.
    PREDEFINED_ELEMENTS.setdefault("abbreviation", None)
