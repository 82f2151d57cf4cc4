"""What the doctor knows of each benchmark: its layout, and the counts that were published."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from textwrap import dedent
from types import ModuleType

from slvp.data.benchmarks import (
    a2d_sentences,
    jhmdb_sentences,
    mevis,
    ref_davis17,
    ref_youtube_vos,
    visor,
)
from slvp.data.benchmarks.catalog import CATALOG, Entry, Load
from slvp.data.doctor.findings import Problem
from slvp.data.doctor.on_disk import (
    a2d_videos,
    davis_videos,
    jhmdb_videos,
    listed_videos,
    look_for_frames,
)
from slvp.data.doctor.videos import Video
from slvp.data.visor.source import FOLDER as VISOR_DOWNLOAD


@dataclass(frozen=True)
class Need:
    """A file or folder without which a split can't be read.

    Attributes:
        path: from the root on; ``{split}`` stands for the split's name.
        splits: those that need it; empty means all.
        instead: does as well.
        reason: why it is needed, where that is not plain.
        mend: how to get it, where unpacking is not the way; ``{root}`` stands for the root.
    """

    path: str
    splits: tuple[str, ...] = ()
    instead: str = ""
    reason: str = ""
    mend: str = ""


@dataclass(frozen=True)
class Published:
    """How many videos and expressions there should be; None where no source says it."""

    videos: int | None = None
    expressions: int | None = None

    def __str__(self) -> str:
        parts = []
        if self.videos is not None:
            parts.append(f"{self.videos:,} videos")
        if self.expressions is not None:
            parts.append(f"{self.expressions:,} expressions")
        return ", ".join(parts)


@dataclass(frozen=True)
class Facts(Entry):
    """A benchmark as the doctor knows it.

    Attributes:
        found: finds videos on the disk without the parser.
        sign: the file or folder whose presence says that a user has the split, at least in part.
        needs: what must be there.
        layout: its files, one kind a line, to show to a user.
        other_loads: parsers of masks of other kinds than those that ``load`` reads.
        look_further: looks for what neither the parser nor a look at each file would find.
        published: counts by the splits that they are about, together.
        download: a file or folder that shows that the files are not converted yet.
    """

    found: Callable[[Path, str], list[Video]]
    sign: str
    needs: tuple[Need, ...]
    layout: str
    other_loads: tuple[Load, ...] = ()
    look_further: Callable[[Path, str], list[Problem]] | None = None
    published: Mapping[tuple[str, ...], Published] = field(default_factory=dict)
    download: str = ""


def layout_of(parser: ModuleType) -> str:
    """Return what a parser's docstring shows of the files that it reads."""
    _, _, after = (parser.__doc__ or "").partition("::\n\n")
    shown, _, _ = after.partition("\n\n")
    return dedent(shown)


_REF_DAVIS17 = Facts(
    **vars(CATALOG["ref-davis17"]),
    other_loads=(partial(ref_davis17.load_ref_davis17, unsupervised=True),),
    found=davis_videos,
    look_further=look_for_frames,
    sign="DAVIS/ImageSets/2017/{split}.txt",
    needs=(
        Need("DAVIS/ImageSets/2017/{split}.txt"),
        Need("DAVIS/JPEGImages/480p"),
        Need("DAVIS/Annotations/480p", instead="DAVIS/Annotations_unsupervised/480p"),
        *(
            Need(f"davis_text_annotations/Davis17_{name}.txt")
            for name in ref_davis17.ANNOTATION_SETS
        ),
    ),
    layout=layout_of(ref_davis17),
    # Videos: paperswithcode.com/dataset/referring-expressions-for-davis-2016-2017. Expressions:
    # four for each of 205 objects, of which the README of MeViS has the number.
    published={
        ("train",): Published(videos=60),
        ("val",): Published(videos=30),
        ("train", "val"): Published(expressions=4 * 205),
    },
)

_YOUTUBE_TEXTS = "meta_expressions/{split}/meta_expressions.json"

_REF_YOUTUBE_VOS = Facts(
    **vars(CATALOG["ref-youtube-vos"]),
    found=partial(
        listed_videos,
        texts=_YOUTUBE_TEXTS,
        masked=("train",),
        within={"test": "valid"},
        without={"valid": "test"},
    ),
    sign="{split}",
    needs=(
        Need(_YOUTUBE_TEXTS),
        Need(
            "meta_expressions/test/meta_expressions.json",
            splits=("valid",),
            reason="without it, videos of valid can't be told from those of test",
        ),
        Need("{split}/JPEGImages", splits=("train", "valid")),
        Need("test/JPEGImages", splits=("test",), instead="valid/JPEGImages"),
        Need("train/Annotations", splits=("train",)),
    ),
    layout=layout_of(ref_youtube_vos),
    # train and all expressions: paperswithcode.com/dataset/refer-youtube-vos, in the words of the
    # paper. valid and test: MTTR's datasets/refer_youtube_vos/refer_youtube_vos_dataset.py.
    published={
        ("train",): Published(videos=3_471, expressions=12_913),
        ("valid",): Published(videos=202),
        ("test",): Published(videos=305),
        ("valid", "test"): Published(expressions=2_096),
    },
)

_MEVIS = Facts(
    **vars(CATALOG["mevis"]),
    found=partial(listed_videos, texts="{split}/meta_expressions.json"),
    sign="{split}",
    needs=(
        Need("{split}/meta_expressions.json"),
        Need("{split}/JPEGImages"),
        Need("{split}/mask_dict.json", splits=("train", "valid_u")),
    ),
    layout=layout_of(mevis),
    # The README of MeViS, github.com/henghuiding/MeViS.
    published={
        ("train",): Published(videos=1_662, expressions=23_051),
        ("valid_u",): Published(videos=50, expressions=793),
        ("valid",): Published(videos=140, expressions=2_236),
    },
)

_A2D_SENTENCES = Facts(
    **vars(CATALOG["a2d-sentences"]),
    found=a2d_videos,
    sign="Release/videoset.csv",
    needs=(
        Need("Release/videoset.csv"),
        Need("Release/clips320H"),
        Need("text_annotations/a2d_annotation.txt"),
        Need("text_annotations/a2d_missed_videos.txt"),
        Need("text_annotations/a2d_annotation_with_instances"),
    ),
    layout=layout_of(a2d_sentences),
    published={
        ("test",): Published(a2d_sentences.TEST_VIDEOS, a2d_sentences.TEST_EXPRESSIONS),
    },
)

_JHMDB_SENTENCES = Facts(
    **vars(CATALOG["jhmdb-sentences"]),
    found=jhmdb_videos,
    sign="Rename_Images",
    needs=(
        Need("jhmdb_annotation.txt", instead=jhmdb_sentences.METADATA),
        Need("Rename_Images"),
        Need("puppet_mask"),
        Need(
            jhmdb_sentences.METADATA,
            reason="it says which frames count",
            mend="copy the file of that name from MTTR's repository, or run 'slvp data prepare "
            "jhmdb-sentences {root}' to draw frames, whose scores compare only roughly",
        ),
    ),
    layout=layout_of(jhmdb_sentences),
    published={("test",): Published(jhmdb_sentences.ROWS, jhmdb_sentences.ROWS)},
)

_VISOR = Facts(
    **vars(CATALOG["visor"]),
    download=VISOR_DOWNLOAD,
    found=partial(
        listed_videos,
        texts=_YOUTUBE_TEXTS,
        masked=("train", "val", "val_unseen"),
        within={"val_unseen": "val"},
    ),
    sign=_YOUTUBE_TEXTS,
    needs=(
        Need(_YOUTUBE_TEXTS),
        Need("train/JPEGImages", splits=("train",)),
        Need("train/Annotations", splits=("train",)),
        Need("val/JPEGImages", splits=("val", "val_unseen")),
        Need("val/Annotations", splits=("val", "val_unseen")),
    ),
    layout=layout_of(visor),
)

_WORLD = Facts(
    **vars(CATALOG["world"]),
    found=partial(listed_videos, texts=_YOUTUBE_TEXTS, masked=("test",)),
    sign="{split}",
    needs=(
        Need(_YOUTUBE_TEXTS),
        Need("{split}/JPEGImages"),
        Need("{split}/Annotations"),
    ),
    layout=layout_of(ref_youtube_vos),
)

FACTS = {
    "ref-davis17": _REF_DAVIS17,
    "ref-youtube-vos": _REF_YOUTUBE_VOS,
    "mevis": _MEVIS,
    "a2d-sentences": _A2D_SENTENCES,
    "jhmdb-sentences": _JHMDB_SENTENCES,
    "visor": _VISOR,
    "world": _WORLD,
}
"""By the name on the command line."""
