"""How the documents are built: ``make docs``."""

from gluepy import VERSION

project = "Gluepy"
author = "The Gluepy maintainers"
copyright = author  # noqa: A001 - the name is Sphinx's
version = release = VERSION

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build"]

# Every broken reference is an error; plain `name` in docstrings is one to Python's objects.
nitpicky = False
default_role = "py:obj"

autodoc_member_order = "bysource"
autodoc_typehints = "description"
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"Gluepy {VERSION}"
