"""The table of dialects, in the order in which they extend the parser."""

from collections.abc import Collection
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the configuration reads the names, without a parser
    from markdown_it import MarkdownIt


class Dialect(StrEnum):
    """A dialect's name in the configuration, and the name of its module in this package.

    Each module has `extend(parser: MarkdownIt) -> None`.
    """

    ZOLA = "zola"  # {{ youtube(id="x") }}, {% quote() %}; before those with its brackets
    HUGO = "hugo"  # {{< shortcode >}}, {{% shortcode %}}
    HEXO = "hexo"  # {% codeblock Title lang:js %}; before Liquid too
    LIQUID = "liquid"  # Jekyll and Eleventy: {% include x %}, {{ page.title }}, {# comment #}
    KRAMDOWN = "kramdown"  # Jekyll: {: .class}, {:toc}
    MDX = "mdx"  # Docusaurus, Astro: import, export, <Component>, {/* comment */}
    DIRECTIVES = "directives"  # Docusaurus, VitePress: :::tip[Title], ::video{#id}, :abbr[word]
    MKDOCS = "mkdocs"  # !!! note "Title", === "Tab", --8<-- "file", ++ctrl+c++, :material-x:
    OBSIDIAN = "obsidian"  # [[link|words]], ![[picture.png]], > [!note], %% comment %%, ==mark==
    PANDOC = "pandoc"  # ::: {.callout-note}, [@knuth84], @fig-a, H~2~O, grid tables; Quarto
    WORDPRESS = "wordpress"  # [caption]…[/caption], [gallery ids="1"], [sourcecode]
    MYST = "myst"  # Jupyter Book, Sphinx: {ref}`x`, ```{note}
    EJS = "ejs"  # EJS, ERB, Obsidian's Templater: <% code %>, <%= expression %>
    CRITIC_MARKUP = "critic_markup"  # {++added++} {--deleted--} {>>comment<<}
    TEX = "tex"  # \(x^2\), \[x = 1\], \begin{align}
    EMOJI_CODES = "emoji_codes"  # :tada:


def extend(parser: "MarkdownIt", off: Collection[str] = ()) -> None:
    """Extend a parser by all dialects, except those that are off."""
    for dialect in Dialect:
        if dialect.value not in off:
            import_module(f"{__package__}.{dialect.value}").extend(parser)
