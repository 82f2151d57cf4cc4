"""Expressions made by hand, and files of masks as other programs write them."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image

from slvp.data.benchmarks.records import BenchmarkExpression

HEIGHT, WIDTH = 6, 8


@dataclass(frozen=True)
class BlankFrames:
    names: tuple[str, ...]

    def read(self, indices: Sequence[int]) -> Iterator[np.ndarray]:
        for _ in indices:
            yield np.zeros((HEIGHT, WIDTH, 3), np.uint8)


def make_group(
    sequence: str,
    ids: Sequence[str] = ("0", "1"),
    *,
    frames: Sequence[str] = ("00000", "00005", "00010"),
    scored: Sequence[Sequence[int]] | None = None,
    objects: Sequence[int] | None = None,
    sets: Sequence[str] | None = None,
) -> list[BenchmarkExpression]:
    video = BlankFrames(tuple(frames))
    return [
        BenchmarkExpression(
            sequence=sequence,
            expression_id=expression_id,
            text="a dog",
            object_ids=(objects[index] if objects else index + 1,),
            annotation_set=sets[index] if sets else "",
            frames=video,
            masks=None,
            scored=tuple(scored[index]) if scored else (),
        )
        for index, expression_id in enumerate(ids)
    ]


def png(values_HW: np.ndarray, mode: str = "L") -> bytes:
    image = Image.fromarray(values_HW.astype(np.uint8))
    if mode == "P":
        image = image.convert("P")
        image.putpalette([255 - value // 3 for value in range(768)])
    elif mode != "L":
        image = image.convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def write_tree(out: Path, files: dict[str, bytes]) -> Path:
    """A folder or, where ``out`` ends so, a zip file."""
    if out.suffix == ".zip":
        with ZipFile(out, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return out
    for name, content in files.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(content)
    return out


def mask_files(
    groups: Sequence[Sequence[BenchmarkExpression]], prefix: str = "", *, seed: int = 0
) -> tuple[dict[str, bytes], dict[tuple[str, str, int], np.ndarray]]:
    """Random masks as VIDEO/EXPRESSION/FRAME.png, and what they are."""
    random = np.random.default_rng(seed)
    masks = {
        (one.sequence, one.expression_id, t): random.random((HEIGHT, WIDTH)) < 0.4
        for group in groups
        for one in group
        for t in range(len(one.frames.names))
    }
    names = groups[0][0].frames.names
    files = {
        f"{prefix}{sequence}/{expression}/{names[t]}.png": png(mask_HW * 255)
        for (sequence, expression, t), mask_HW in masks.items()
    }
    return files, masks


class Kit:
    group = staticmethod(make_group)
    png = staticmethod(png)
    write = staticmethod(write_tree)
    mask_files = staticmethod(mask_files)
    size = (HEIGHT, WIDTH)


@pytest.fixture(scope="session")
def kit() -> Kit:
    return Kit()
