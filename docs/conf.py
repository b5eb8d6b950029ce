import pyg_hcsf

project = 'pyg_hcsf'
author = 'The pyg_hcsf authors'
release = pyg_hcsf.__version__

extensions = [
    'sphinx.ext.autodoc',
    'sphinx.ext.autosummary',
    'sphinx.ext.mathjax',
    'sphinx.ext.napoleon',
    'myst_parser',
]
html_theme = 'furo'
autodoc_member_order = 'bysource'
autodoc_typehints = 'none'
autosummary_generate = True
napoleon_custom_sections = [('Shapes', 'params_style')]
exclude_patterns = ['_build']
myst_heading_anchors = 3
suppress_warnings = ['myst.xref_missing']
