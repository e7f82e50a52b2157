"""How the documents are built: ``make docs``."""

import sys
from pathlib import Path

from gluepy import VERSION

sys.path.insert(0, str(Path(__file__).parent))  # _generated.py

project = "Gluepy"
author = "The Gluepy maintainers"
copyright = author  # noqa: A001 - the name is Sphinx's
version = release = VERSION

extensions = ["_generated", "myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build"]

# Every broken reference is an error, but for those from docstrings to Python's objects: the
# reference does not show every class that a type names.
nitpicky = True
nitpick_ignore_regex = [("py:.*", ".*")]
default_role = "py:obj"

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"Gluepy {VERSION}"
