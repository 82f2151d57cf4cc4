"""What each benchmark's server, or where there is none the field's code, takes.

Sources: Ref-YouTube-VOS's and MeViS's servers on CodaLab, as ReferFormer (Wu et al., CVPR 2022) and
the read-me of MeViS (Ding et al., ICCV 2023) describe their files; Ref-DAVIS17 as ReferFormer
writes it for the evaluation code of DAVIS; A2D-Sentences and JHMDB-Sentences as MTTR (Botach et
al., CVPR 2022) hands its results to COCO's evaluation. VISOR as R-VOS and the embedded world have
no server, and borrow the form of Ref-YouTube-VOS.
"""

from __future__ import annotations

from pathlib import Path

from slvp.data.benchmarks import a2d_sentences, jhmdb_sentences
from slvp.errors import UserError
from slvp.evaluation.predictions.layouts import SET_FOLDERS, WRAPPER, Layout
from slvp.evaluation.predictions.results import ImageName

Form = Layout | ImageName
"""A layout of PNG files in a .zip, or what names the images of a .json of COCO results."""

_BINARY = Layout(WRAPPER, None)

_FORMS: dict[str, Form] = {
    "ref-youtube-vos": _BINARY,
    "mevis": Layout("", None),
    "visor": _BINARY,
    "world": _BINARY,
    "ref-davis17": Layout("", SET_FOLDERS),
    "a2d-sentences": a2d_sentences.image_id,
    "jhmdb-sentences": jhmdb_sentences.image_id,
}


def form_of(benchmark: str, file: Path) -> Form:
    """Return what a benchmark (as the command line names it) wants ``file`` to be.

    Raises:
        UserError: its name ends in another way.
    """
    form = _FORMS[benchmark]
    suffix = ".zip" if isinstance(form, Layout) else ".json"
    if file.suffix != suffix:
        raise UserError(f"{file}: {benchmark} takes a {suffix} file; name one.")
    return form
