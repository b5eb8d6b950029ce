import shutil
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml

import pyg_hcsf

project = 'pyg_hcsf'
author = copyright = 'The pyg_hcsf authors'
release = pyg_hcsf.__version__

extensions = [
    'sphinx.ext.autodoc',
    'sphinx.ext.autosummary',
    'sphinx.ext.napoleon',
    'sphinx.ext.viewcode',
    'myst_parser',
]
templates_path = ['_templates']
exclude_patterns = ['_build']
myst_heading_anchors = 3
myst_enable_extensions = ['colon_fence', 'deflist', 'dollarmath']

# A page for each public class and function, from `__all__` of each package.
# They are made anew, so that none of a renamed class is left over.
shutil.rmtree(Path(__file__).parent / 'api', ignore_errors=True)
autosummary_imported_members = True
autosummary_ignore_module_all = False
autodoc_member_order = 'bysource'
autodoc_typehints = 'none'
napoleon_custom_sections = [('Shapes', 'params_style')]

html_theme = 'furo'
html_title = f'pyg_hcsf {release}'
html_static_path = ['_static']
html_css_files = ['site.css']
html_math_renderer = 'mathml'
html_theme_options = {}


def source_repository():
    """The address in the metadata of the package, for links to edit pages."""
    try:
        urls = metadata(project).get_all('Project-URL', [])
    except PackageNotFoundError:
        return None
    named = dict(url.split(', ', 1) for url in urls)
    return named.get('Source') or named.get('Repository')


if repository := source_repository():
    html_theme_options |= {
        'source_repository': repository,
        'source_branch': 'main',
        'source_directory': 'docs/',
    }


# Formulas are MathML, which browsers draw without a script or a network.
def visit_inline(writer, node):
    writer.body.append(tex2mathml(node.astext()))
    raise SkipNode


def visit_block(writer, node):
    rows = [row for row in node.astext().split('\n\n') if row.strip()]
    code = r'\begin{aligned}' + r'\\'.join(rows) + r'\end{aligned}'
    math = tex2mathml(code, as_block=True)
    writer.body.append(f'<div class="math">{math}</div>')
    raise SkipNode


def hide_source(app, pagename, templatename, context, doctree):
    """Generated pages have no file to edit; their classes link to code."""
    if pagename.startswith('api/'):
        context['page_source_suffix'] = ''


def setup(app):
    app.connect('html-page-context', hide_source)
    app.add_html_math_renderer(
        'mathml', (visit_inline, None), (visit_block, None)
    )
