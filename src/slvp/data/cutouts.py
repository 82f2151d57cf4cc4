"""Libraries of object cut-outs and background photographs."""

from __future__ import annotations

import csv
import hashlib
import re
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from slvp.data import cutout_sources, drawn, vocabulary
from slvp.data.pictures import Cutout, Picture, read_rgb, read_rgba, require_files
from slvp.errors import UserError

__all__ = ["Cutout", "CutoutLibrary", "Picture"]


@dataclass(frozen=True)
class CutoutLibrary:
    """Cut-outs and background photographs.

    Decoded pictures stay in memory (about 250 kB a cut-out, without limit), in every process
    that uses the library: plan for about 1 GB per worker with 4,000 cut-outs.
    """

    cutouts: tuple[Cutout, ...]
    backgrounds: tuple[Picture, ...]
    by_class: dict[str, tuple[Cutout, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_class: dict[str, list[Cutout]] = {}
        for cutout in self.cutouts:
            by_class.setdefault(cutout.class_name, []).append(cutout)
        frozen = {name: tuple(members) for name, members in sorted(by_class.items())}
        object.__setattr__(self, "by_class", frozen)

    def __add__(self, other: CutoutLibrary) -> CutoutLibrary:
        return CutoutLibrary(self.cutouts + other.cutouts, self.backgrounds + other.backgrounds)

    def split(self, held_out_fraction: float, seed: int = 0) -> tuple[CutoutLibrary, CutoutLibrary]:
        """Split into (train, held out) by a hash of each name: the same on every machine."""

        def held_out(picture: Picture) -> bool:
            digest = hashlib.sha256(f"{seed}/{picture.name}".encode()).digest()
            return int.from_bytes(digest[:8], "big") / 2**64 < held_out_fraction

        return (
            CutoutLibrary(
                tuple(c for c in self.cutouts if not held_out(c)),
                tuple(b for b in self.backgrounds if not held_out(b)),
            ),
            CutoutLibrary(
                tuple(c for c in self.cutouts if held_out(c)),
                tuple(b for b in self.backgrounds if held_out(b)),
            ),
        )

    @classmethod
    def drawn_shapes(cls) -> CutoutLibrary:
        """Coloured shapes on drawn textures; needs no file."""
        cutouts = tuple(
            Cutout(
                name=f"drawn/{colour}-{shape}",
                read=partial(drawn.draw_shape, shape, colour),
                source="drawn",
                class_name=shape,
                caption=vocabulary.with_a(f"{colour} {shape}"),
                broader=vocabulary.broader(shape),
            )
            for shape in drawn.shape_masks()
            for colour in drawn.COLOUR_VALUES
        )
        backgrounds = tuple(
            Picture(f"drawn/texture-{index}", partial(drawn.draw_background, index), "drawn")
            for index in range(12)
        )
        return cls(cutouts, backgrounds)

    @classmethod
    def from_folder(cls, path: str | Path) -> CutoutLibrary:
        """Read a folder of RGBA pictures.

        ``index.csv`` has the columns file, source, licence, class_name, caption;
        ``backgrounds/backgrounds.csv`` has file, source, licence (files relative to the folder);
        without the folder ``backgrounds``, worlds have drawn textures behind their objects.

        Raises:
            UserError: no such folder or index, a column or a picture missing, nothing listed.
        """
        folder = Path(path)
        rows = _read_rows(folder, folder / "index.csv", {"file", "class_name", "caption"})
        has_grounds = (folder / "backgrounds").is_dir()
        table = folder / "backgrounds" / "backgrounds.csv"
        grounds = _read_rows(folder, table, {"file"}) if has_grounds else []
        cutouts = tuple(
            Cutout(
                name=row["file"],
                read=partial(read_rgba, folder / row["file"]),
                source=row.get("source") or "",
                class_name=row["class_name"],
                caption=row["caption"],
                broader=vocabulary.broader(row["class_name"]),
                mirrorable=not re.search(r"\b(left|right)\b", row["caption"]),
            )
            for row in rows
        )
        backgrounds = tuple(
            Picture(row["file"], partial(read_rgb, folder / row["file"]), row.get("source") or "")
            for row in grounds
        )
        return cls(cutouts, backgrounds)

    @classmethod
    def from_tuxpaint(cls, path: str | Path = "/usr/share/tuxpaint/stamps") -> CutoutLibrary:
        """Read the photographic stamps of Tux Paint (Debian: tuxpaint-stamps-default).

        They bring no backgrounds. Cartoons, symbols, signs and seasonal drawings are left out.

        Raises:
            UserError: no such folder, or no stamps in it.
        """
        return cls(cutout_sources.tuxpaint_stamps(Path(path)), ())

    @classmethod
    def from_coco(cls, annotations: str | Path, image_folder: str | Path) -> CutoutLibrary:
        """Cut objects out of COCO- or LVIS-format instance annotations.

        Photographs without any instance become the backgrounds. Crowds, objects under 32 pixels a
        side and objects cut by the picture's border on two or more sides are left out.

        Raises:
            UserError: the file isn't such JSON, or lists a picture that isn't there.
        """
        return cls(*cutout_sources.coco_instances(Path(annotations), Path(image_folder)))


def _read_rows(folder: Path, index: Path, columns: set[str]) -> list[dict[str, str]]:
    if not index.is_file():
        raise UserError(f"{index}: no such file; expected a table with columns {sorted(columns)}.")
    try:
        with index.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (csv.Error, UnicodeDecodeError) as error:
        raise UserError(f"{index}: not a CSV table in UTF-8 ({error}).") from error
    if not rows:
        raise UserError(f"{index}: lists nothing; expected at least one row.")
    for line, row in enumerate(rows, start=2):
        if not all(row.get(column) for column in columns):
            raise UserError(f"{index}: line {line} lacks one of the columns {sorted(columns)}.")
    require_files((folder / row["file"] for row in rows), index)
    return rows
