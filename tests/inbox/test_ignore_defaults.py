"""What tools build is ignored beside the mark of the tool, and read without it."""

from pathlib import Path

import pytest

from narrated.inbox.folder_rules import is_ignored

JOPLIN = "0123456789abcdef" * 2

BUILT = (
    """
_quarto.yml             _site/index.html
_quarto.yml             _book/index.html
_quarto.yaml            notes/day_files/figure.html
_bookdown.yml           _book/index.html
_config.yml,_toc.yml    _build/html/intro.html
book.json               _book/index.html
docfx.json              _site/index.html
Cargo.toml              target/doc/crate/index.html
Cargo.toml              vendor/serde/README.md
Cargo.toml              README.md
pom.xml                 target/site/index.html
eleventy.config.js      src/deep/_includes/base.html
.eleventy.js            content/_data/site.md
.eleventy.js            views/_layouts/post.html
conf.py                 _static/page.html
conf.py                 _templates/page.html
conf.py                 _build/html/index.html
Makefile,make.bat,source/conf.py  build/html/index.html
mkdocs.yml              README.md
pyproject.toml          README.md
go.mod                  README.md
package.json            README.md
.git/HEAD               PULL_REQUEST_TEMPLATE.md
.git/HEAD               docs/pull_request_template.md
.git/HEAD               ISSUE_TEMPLATE/bug.md
.git/HEAD               CLAUDE.md
.git/HEAD               AGENTS.md
.git/HEAD               deep/below/AGENTS.md
.sync/version.txt       JOPLIN.md
info.json               JOPLIN.md
info.json,.sync/version.txt  locks/1_1_a.md
bin/activate,lib/python3.12/os.py  share/doc/guide.md
bin/activate,lib/python3.12/os.py  lib/python3.12/words.txt
Scripts/activate,Lib/os.py         Doc/guide.md
""".replace("JOPLIN", JOPLIN)
    .strip()
    .splitlines()
)

KEPT = """
_quarto.yml             posts/one.md
_bookdown.yml           01-intro.Rmd.md
_toc.yml                _build/thoughts.md
Cargo.toml              docs/guide.md
Cargo.toml              docs/README.md
eleventy.config.js      posts/includes/one.md
conf.py                 static/page.html
source/one.md           build/two.md
go.mod                  posts/README.md
.git/HEAD               posts/ISSUE_TEMPLATE.md
.sync/version.txt       a-note.md
info.json               00112233.md
bin/run.md              lib/python-for-poets.md
bin/activate            lib/words.md
bin/activate,lib/poems.md   essays/one.md
""".strip().splitlines()


def _is_ignored(root: Path, marks: str, path: str) -> bool:
    for each in (*filter(None, marks.split(",")), path):
        (root / "top" / each).parent.mkdir(parents=True, exist_ok=True)
        (root / "top" / each).write_text("words\n")
    return is_ignored(root, f"top/{path}", ())


@pytest.mark.parametrize("row", BUILT)
def test_built_files_are_ignored(tmp_path: Path, row: str) -> None:
    """A file that a tool makes is ignored beside the tool's mark, and read without it."""
    marks, path = row.split()
    assert not _is_ignored(tmp_path / "bare", "", path)
    assert _is_ignored(tmp_path / "marked", marks, path)


@pytest.mark.parametrize("row", KEPT)
def test_posts_beside_marks_are_read(tmp_path: Path, row: str) -> None:
    """What a person writes beside a tool's mark is read."""
    marks, path = row.split()
    assert not _is_ignored(tmp_path, marks, path)
