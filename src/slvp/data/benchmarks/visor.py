"""VISOR as R-VOS: this project's conversion of EPIC-KITCHENS VISOR, see ``docs/visor-rvos.md``.

Source of the masks: Darkhalil et al., "EPIC-KITCHENS VISOR Benchmark: VIdeo Segmentations and
Object Relations", NeurIPS 2022 (Datasets and Benchmarks). The layout is that of Ref-YouTube-VOS,
and ``slvp.data.visor.prepare`` writes it::

    ROOT/SPLIT/JPEGImages/P01_107_seq_00001/P01_107_frame_0000000140.jpg ...
    ROOT/SPLIT/Annotations/P01_107_seq_00001/P01_107_frame_0000000140.png ...
    ROOT/meta_expressions/SPLIT/meta_expressions.json

The splits are ``train``, ``val`` and ``val_unseen``, a part of ``val`` that has no folder of its
own: the kitchens that ``train`` lacks. Every frame is scored, the last one too, as in VISOR's own
benchmark of video object segmentation.
"""

from __future__ import annotations

from pathlib import Path

from slvp.data.benchmarks.meta_expressions import read_meta_expressions
from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.data.benchmarks.ref_youtube_vos import load_videos, objects_of
from slvp.errors import UserError

BENCHMARK = "VISOR as R-VOS"


def load_visor(
    root: Path, split: str = "val", *, with_masks: bool = True
) -> list[BenchmarkExpression]:
    """Read the expressions of a split, sequence by sequence in the order of their names.

    Args:
        root: the folder that VISOR was converted into.
        split: ``train``, ``val`` or ``val_unseen``.
        with_masks: if not, no mask file is looked at: there are no masks, and no frame is scored.

    Raises:
        UserError: VISOR was not converted into ``root``, or a part of it is missing or broken.
    """
    root = Path(root)
    meta = root / "meta_expressions" / split / "meta_expressions.json"
    if not meta.is_file():
        raise UserError(
            f"{meta} is missing: convert VISOR's download with 'slvp data prepare visor SOURCE "
            "OUT' and give OUT here."
        )
    videos = read_meta_expressions(meta, BENCHMARK, objects_of)
    folder = root / ("val" if split == "val_unseen" else split)
    masks_folder = folder / "Annotations" if with_masks else None
    return load_videos(meta, BENCHMARK, videos, folder / "JPEGImages", masks_folder)
