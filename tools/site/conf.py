"""Sphinx's settings for the site. Nothing of it is fetched, neither to build it nor to read it."""

project = "engram"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = "engram"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False

myst_heading_anchors = 4  # links to headings are checked
suppress_warnings = ["ref.python"]  # engram.Busy is engram.errors.Busy, too

default_role = "py:obj"  # `Collection.query` in a docstring is a link
autodoc_default_options = {
    "members": True,
    "imported-members": True,  # of what `__all__` names
    "member-order": "bysource",
    # What private bases give, but nothing of other packages: members of these classes stay out.
    "inherited-members": "object,BaseException,dict,tuple,BaseModel,Serializable,Runnable,"
    "RunnableSerializable,BaseRetriever,VectorStore,BaseComponent,BasePydanticVectorStore",
}
autodoc_typehints_format = "short"
autoclass_content = "class"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
maximum_signature_line_length = 80
python_use_unqualified_type_names = True
