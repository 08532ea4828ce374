"""The documentation: `python -m sphinx -W -b html docs docs/_build`. llms.txt and Markdown pages come with it."""

import re
import tomllib
from inspect import cleandoc
from pathlib import Path

import click
from sphinx_markdown_builder.translator import PREDEFINED_ELEMENTS

from chatkit_async.cli.main import chatkit

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
llms_txt_build_parallel = False  # the Markdown pages then use what the HTML build has read: a fifth less work

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

COMMAND_PAGE = "reference/command"
CONNECTION_OPTIONS = {"base_url", "timeout", "max_retries", "allow_insecure_http"}
JOB_OPTIONS = {"concurrency", "requests_per_second"}
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


def write_commands(app, docname, source) -> None:
    """Adds the sections of all commands to their page, from the texts of `--help`."""
    if docname == COMMAND_PAGE:
        contexts = list(command_contexts(click.Context(chatkit, info_name="chatkit")))
        jobs = next(context for context in contexts if context.info_name == "archive")
        shared = [
            f"## Options of {kind}\n\n{option_table(jobs, names)}"
            for kind, names in (("the connection", CONNECTION_OPTIONS), ("jobs", JOB_OPTIONS))
        ]
        source[0] = "\n\n".join([source[0], *shared, *map(command_section, contexts)])


def command_contexts(context: click.Context):
    """A context for each command of a group, in the group's order."""
    for name in context.command.list_commands(context):
        command = context.command.get_command(context, name)
        found = click.Context(command, parent=context, info_name=name)
        yield from command_contexts(found) if isinstance(command, click.Group) else [found]


def command_section(context: click.Context) -> str:
    """The usage, help and options of a command."""
    names = {param.name for param in context.command.params}
    usage = " ".join([context.command_path, *context.command.collect_usage_pieces(context)])
    links = [
        f"It also takes the [options of {kind}](#options-of-{kind.replace(' ', '-')})."
        for kind, shared in (("the connection", CONNECTION_OPTIONS), ("jobs", JOB_OPTIONS))
        if shared <= names
    ]
    texts = cleandoc(context.command.help).split("\n\n")
    paragraphs = [paragraph(text) for text in texts if "Environment:" not in text]  # the page has a section of it
    options = option_table(context, names - (CONNECTION_OPTIONS if links else set()) - JOB_OPTIONS)
    return "\n\n".join([f"## `{context.command_path}`", f"```text\n{usage}\n```", *paragraphs, options, *links])


def paragraph(text: str) -> str:
    """A paragraph of a command's help; after `\\b` it is a heading and lines to keep."""
    if not text.startswith("\b"):
        return text
    heading, *lines = text.strip("\b\n").split("\n")
    code = "\n".join(line.removeprefix("  ") for line in lines)
    return f"{heading}\n\n```text\n{code}\n```"


def option_table(context: click.Context, names: set[str]) -> str:
    """The options of these names, as `--help` explains them."""
    options = [it for it in context.command.params if it.name in names and isinstance(it, click.Option)]
    records = [option.get_help_record(context) for option in options]
    rows = [
        "| " + " | ".join([f"`{name}`".replace("|", r"\|"), meaning]) + " |" for name, meaning in filter(None, records)
    ]
    return "\n".join(["| Option | Meaning |", "| --- | --- |", *rows]) if rows else ""


def setup(app) -> None:
    """Called by Sphinx; before napoleon, which takes the default priority of 500."""
    app.connect("autodoc-process-docstring", show_examples_as_code, priority=400)
    app.connect("source-read", write_commands)
    # The Markdown pages: nodes that their builder does not know, the `*` of a signature and a page's description.
    PREDEFINED_ELEMENTS.setdefault("abbreviation", None)
    PREDEFINED_ELEMENTS.setdefault("meta", None)
