"""What the documentation shows is run, as a reader would: from a checkout, block by block.

A fenced ``python`` block is executed; of a ``bash`` block the lines that begin with ``slvp`` are
run and the targets of ``make`` are looked up. A block under ``<!-- not run: reason -->`` is only
checked: it must compile, or its commands and options must exist.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
PAGES = [
    path
    for path in [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
    if path.is_file()
]
SLVP = Path(sys.executable).with_name("slvp")

_BLOCK = re.compile(
    r"(?:^<!-- not run:[ ]*(?P<reason>.*?)[ ]*-->\n)?^```(?P<language>bash|python)\n"
    r"(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block; ``not_run`` is the reason why it is only checked."""

    place: str
    language: str
    text: str
    not_run: str | None

    def commands(self) -> list[list[str]]:
        """Return the words of each command of a bash block."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [words for line in lines if (words := shlex.split(line, comments=True))]


def find_blocks(page: str, name: str) -> list[Block]:
    return [
        Block(
            f"{name}:{page.count(chr(10), 0, found.start()) + 1}",
            found["language"],
            found["text"],
            found["reason"],
        )
        for found in _BLOCK.finditer(page)
    ]


BLOCKS = [
    block
    for path in PAGES
    for block in find_blocks(path.read_text(), str(path.relative_to(REPOSITORY)))
]


def check_exists(words: list[str]) -> None:
    """Assert that a ``slvp`` command and its options exist, without running it."""
    command = words[1 : 3 if words[1] == "data" else 2]
    page = subprocess.run([SLVP, *command, "--help"], capture_output=True, text=True, check=True)
    assert page.stdout.startswith(f"usage: {shlex.join(['slvp', *command])} "), words
    for word in words[1 + len(command) :]:
        if word.startswith("--"):
            option = word.partition("=")[0]
            assert re.search(rf"(?<![\w-]){option}(?![\w-])", page.stdout), f"{words}: {option}"


def make_targets() -> set[str]:
    makefile = (REPOSITORY / "Makefile").read_text()
    return set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.place)
def test_block(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(REPOSITORY / "examples")
    assert block.not_run != "", "a block that is not run must say why"
    if block.language == "python":
        code = compile(block.text, block.place, "exec")
        if block.not_run is None:
            exec(code, {"__name__": "__main__"})
        return
    for words in block.commands():
        if words[0] == "make":
            assert set(words[1:2]) <= make_targets()
        elif words[0] == "slvp" and block.not_run is not None:
            check_exists(words)
        elif words[0] == "slvp":
            run = subprocess.run([SLVP, *words[1:]], capture_output=True, text=True, timeout=600)
            assert run.returncode == 0, f"{shlex.join(words)}\n{run.stderr}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_links_within_the_repository_lead_somewhere(path: Path) -> None:
    for link in _LINK.findall(path.read_text()):
        target = link.partition("#")[0]
        if target and "://" not in target and not target.startswith("mailto:"):
            assert (path.parent / target).exists(), link


def test_blocks_are_found_with_their_marks() -> None:
    page = (
        "Text\n\n```bash\nslvp --version  # which\n```\n\n"
        "<!-- not run: needs a GPU -->\n```bash\nslvp segment a.mp4 \\\n  'the dog'\n```\n"
        "```text\nslvp nonsense\n```\n"
        "<!-- not run: -->\n```python\n1 / 0\n```\n"
    )
    plain, marked, bare = find_blocks(page, "page")
    assert (plain.place, plain.language, plain.not_run) == ("page:3", "bash", None)
    assert plain.commands() == [["slvp", "--version"]]
    assert marked.not_run == "needs a GPU"
    assert marked.commands() == [["slvp", "segment", "a.mp4", "the dog"]]
    assert (bare.language, bare.not_run) == ("python", "")


def test_a_command_or_option_that_does_not_exist_is_noticed() -> None:
    check_exists(["slvp", "segment", "a.mp4", "the dog", "--threshold", "0.3"])
    with pytest.raises(AssertionError, match="--thresh"):
        check_exists(["slvp", "segment", "a.mp4", "the dog", "--thresh", "0.3"])
    with pytest.raises(AssertionError, match="segmentation"):
        check_exists(["slvp", "segmentation", "a.mp4"])
