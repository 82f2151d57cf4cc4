from fractions import Fraction
from pathlib import Path

import numpy as np

from slvp.data.benchmarks.frames import PictureFrames, VideoFrames
from slvp.data.benchmarks.masks import PaletteMasks
from slvp.data.benchmarks.records import BenchmarkExpression, Masks
from slvp.data.doctor.videos import Video, look_at, problem_of, videos_of
from slvp.errors import UserError
from slvp.video import VideoWriter


def expression(number: int, masks: Masks | None, scored: tuple[int, ...]) -> BenchmarkExpression:
    frames = PictureFrames((Path("0.jpg"), Path("1.jpg"), Path("2.jpg")))
    return BenchmarkExpression("bear", str(number), "a bear", (number,), "", frames, masks, scored)


def masks_in(folder: str) -> PaletteMasks:
    return PaletteMasks(tuple(Path(folder) / f"{t}.png" for t in range(3)))


def test_a_video_is_looked_at_once_with_every_kind_of_its_masks() -> None:
    first, again, second = masks_in("a"), masks_in("a"), masks_in("b")
    (video,) = videos_of(
        [expression(1, first, (0,)), expression(2, again, (2,)), expression(1, second, (0, 2))]
    )
    assert video.masks == (first, second)
    assert video.masked == (0, 2)
    assert video.object_ids == {1, 2}
    assert video.file_count == 3 + 2 * 2


def test_a_video_file_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "bear.mp4"
    with VideoWriter(path, frame_rate=Fraction(24)) as writer:
        for _ in range(3):
            writer.write(np.zeros((16, 32, 3), np.uint8))
    for needed, kinds in [(3, []), (4, ["Videos can't be read"])]:
        video = Video("bear", VideoFrames(path, needed, needed), (), ())
        assert [one.kind for one in look_at(video, quick=False).problems] == kinds
        assert look_at(video, quick=True).problems == ()


def test_a_complaint_is_told_from_what_to_do() -> None:
    error = UserError("a/b.png is 3:4 and no mask (at: 2): copy it again.")
    problem = problem_of(error, "Masks", Path("a/b.png"))
    assert (problem.detail, problem.mend) == ("is 3:4 and no mask (at: 2)", "copy it again")
    assert problem_of(error, "Masks").detail == "a/b.png is 3:4 and no mask (at: 2)"
    problem = problem_of(UserError("b.png is no mask."), "Masks")
    assert (problem.detail, problem.mend) == ("b.png is no mask", "mend that file")
