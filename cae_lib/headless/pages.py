"""Executed notebooks as HTML pages that need no network: formulas become MathML, and no script is fetched."""

import html
import re

from latex2mathml.converter import convert
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

# nbconvert's own pages fetch require.js, jQuery, Mermaid and MathJax from servers. MathML needs none of them, only a
# font; it looks best in one made for mathematics.
OFFLINE = """{% extends 'index.html.j2' %}
{% block html_head_js %}{% endblock %}
{% block html_head_js_mermaidjs %}{% endblock %}
{% block html_head_js_mathjax %}
<style>
math { font-family: "Latin Modern Math", "STIX Two Math", "Cambria Math", "DejaVu Math TeX Gyre", math; }
</style>
{% endblock %}
{% block data_png scoped %}
{% set alt = (output | get_metadata("alt", "image/png") or "") | escape_html %}
{{ super() | replace("<img ", '<img alt="%s" ' % alt, 1) }}
{% endblock %}
"""

# Spaces around the names of functions, which latex2mathml forgets.
THIN = re.compile(r"(?<=\w) (?=\\(?:log|ln))|(?<=\\ln) (?=\w)|(?<=\\log_2) (?=\w)")


def formula(body: str, display: str) -> str:
    """LaTeX as MathML; what cannot be read stays as it is written."""
    try:
        return convert(THIN.sub(r"\\,", body), display=display)
    except Exception:  # latex2mathml raises errors of many kinds
        return f"<code>{html.escape(body)}</code>"


class Formulas(IPythonRenderer):
    """Markdown to HTML with LaTeX formulas as MathML, which browsers draw by themselves."""

    def inline_math(self, body: str) -> str:
        return formula(body, "inline")

    def block_math(self, body: str) -> str:
        return formula(body, "block")


class PageExporter(HTMLExporter):
    """nbconvert's HTML page, without a network."""

    raw_template = OFFLINE

    def markdown2html(self, source: str) -> str:
        """The HTML of a Markdown text; nbconvert's templates call this filter by its name."""
        links = {"anchor_link_text": self.anchor_link_text, "exclude_anchor_links": self.exclude_anchor_links}
        return MarkdownWithMath(renderer=Formulas(escape=False, **links)).render(source)
