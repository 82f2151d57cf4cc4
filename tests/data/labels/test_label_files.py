import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from slvp.data.labels.files import count_labels, label_file, read_labels, write_labels
from slvp.data.labels.records import Box, Label, Outlined, Point, VideoLabels
from slvp.data.rle import encode_rle
from slvp.errors import UserError

HEIGHT, WIDTH = 6, 9
NAMES = ("00000", "00005", "ten", "é")
FRAMES = {"bear": NAMES, "classic-car": NAMES[:2], 'a "b"\n': NAMES[:1]}

SEEN_HW = np.zeros((HEIGHT, WIDTH), bool)
SEEN_HW[1:3, 2:6] = True


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    left, top = draw(st.integers(0, WIDTH - 1)), draw(st.integers(0, HEIGHT - 1))
    width, height = draw(st.integers(1, WIDTH - left)), draw(st.integers(1, HEIGHT - top))
    return Box(left, top, width, height)


LABELS: dict[str, st.SearchStrategy[Label]] = {
    "box": boxes(),
    "point": st.builds(Point, st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1)),
    "first-frame": hnp.arrays(bool, (HEIGHT, WIDTH)).filter(np.any).map(Outlined.of),
}


@st.composite
def videos(draw: st.DrawFn, kind: str, names: tuple[str, ...]) -> VideoLabels:
    labelled = draw(st.sets(st.integers(0, len(names) - 1)))
    seen_in, most = sorted(labelled), len(labelled)
    if kind == "first-frame":
        seen_in, most = list(range(len(names))), 1
    labels = st.dictionaries(st.sampled_from(seen_in or [0]), LABELS[kind], max_size=most)
    found = draw(st.dictionaries(st.integers(0, 1000), labels, max_size=3))
    return VideoLabels(
        kind=kind,
        size=(HEIGHT, WIDTH),
        frames={one: dict(sorted(labels.items())) for one, labels in sorted(found.items())},
        labelled=tuple(sorted(labelled)),
    )


@given(kind=st.sampled_from(sorted(LABELS)), data=st.data())
def test_what_is_written_is_read_again(kind: str, data: st.DataObject) -> None:
    named = data.draw(st.sets(st.sampled_from(sorted(FRAMES))))
    labels = {name: data.draw(videos(kind, FRAMES[name])) for name in named}
    with TemporaryDirectory() as folder:
        path = label_file(Path(folder), "train", kind)
        write_labels(path, "ref-davis17", "train", kind, labels, FRAMES)
        first = path.read_bytes()
        assert read_labels(path, "ref-davis17", "train", kind, FRAMES) == labels
        again = read_labels(path, "ref-davis17", "train", kind, FRAMES)
        write_labels(path, "ref-davis17", "train", kind, again, FRAMES)
        assert path.read_bytes() == first
        assert [one.name for one in path.parent.iterdir()] == [path.name]


CONTENT: dict[str, dict[str, Any]] = {
    kind: {
        "kind": kind,
        "benchmark": "ref-davis17",
        "split": "train",
        "videos": {
            "bear": {
                "size": [HEIGHT, WIDTH],
                "labelled": ["00005", "00000"],
                "objects": {"3": {}, "1": {"00005": label}},
            }
        },
    }
    for kind, label in {
        "box": [2, 1, 4, 2],
        "point": [2, 1],
        "first-frame": encode_rle(SEEN_HW),
    }.items()
}


@pytest.mark.parametrize(
    ("kind", "label"),
    [("box", Box(2, 1, 4, 2)), ("point", Point(2, 1)), ("first-frame", Outlined.of(SEEN_HW))],
)
def test_a_file_written_by_hand(tmp_path: Path, kind: str, label: Label) -> None:
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(CONTENT[kind], indent=2))
    labels = read_labels(path, "ref-davis17", "train", kind, FRAMES)
    assert labels == {"bear": VideoLabels(kind, (HEIGHT, WIDTH), {1: {1: label}, 3: {}}, (0, 1))}
    assert list(labels["bear"].frames) == [1, 3]
    assert count_labels(labels) == "1 video, 2 objects, 1 label"


def edited(*keys: str | int, to: Any) -> Callable[[Any], None]:
    def edit(content: Any) -> None:
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = to

    return edit


VIDEO = ("videos", "bear")
LABEL = (*VIDEO, "objects", "1", "00005")


@pytest.mark.parametrize(
    ("kind", "edit", "message"),
    [
        ("box", edited("kind", to="point"), "\"kind\" is 'point' and not 'box'"),
        ("box", edited("benchmark", to="mevis"), "\"benchmark\" is 'mevis' and not 'ref-davis17'"),
        ("box", edited("split", to="val"), "\"split\" is 'val' and not 'train'"),
        ("box", edited("videos", to=None), '"videos" is missing'),
        ("box", edited("videos", "bare", to={}), "ref-davis17 has no video bare in train"),
        ("box", edited(*VIDEO, to=[]), "video bear, its entry is a list and no dict"),
        ("box", edited(*VIDEO, "size", to=[0, 9]), 'video bear, "size": expected [HEIGHT, WIDTH]'),
        ("box", edited(*VIDEO, "size", to=6), 'video bear, "size": expected [HEIGHT, WIDTH]'),
        ("box", edited(*VIDEO, "labelled", to=None), 'video bear, "labelled" is missing'),
        (
            "box",
            edited(*VIDEO, "labelled", to=["00005", "00001"]),
            "video bear, \"labelled\": no frame '00001'; the video's are 00000 to é",
        ),
        ("box", edited(*VIDEO, "labelled", to=[5]), 'video bear, "labelled": no frame 5;'),
        (
            "box",
            edited(*VIDEO, "labelled", to=["00005"] * 2),
            'video bear, "labelled" names a frame twice',
        ),
        ("box", edited(*VIDEO, "objects", to=[]), 'video bear, "objects" is a list and no dict'),
        ("box", edited(*VIDEO, "objects", "the bear", to={}), "object the bear: expected a number"),
        ("box", edited(*VIDEO, "objects", "01", to={}), "video bear, object 01: expected a number"),
        (
            "box",
            edited(*VIDEO, "objects", "1", to=[]),
            "video bear, object 1 is a list and no dict",
        ),
        (
            "point",
            edited(*VIDEO, "objects", "1", "5", to=[1, 1]),
            "video bear, object 1: no frame '5'; the video's are 00000 to é",
        ),
        (
            "point",
            edited(*VIDEO, "objects", "1", "ten", to=[1, 1]),
            'video bear, object 1, frame ten: a label, yet the frame is not among "labelled"',
        ),
        (
            "box",
            edited(*LABEL, to=[2, 1, 8, 2]),
            "video bear, object 1, frame 00005: the box [2, 1, 8, 2] is empty or not within 9 x 6",
        ),
        ("box", edited(*LABEL, to=[2, 1, 4, 6]), "the box [2, 1, 4, 6] is empty or not within"),
        ("box", edited(*LABEL, to=[-1, 1, 4, 2]), "the box [-1, 1, 4, 2] is empty or not within"),
        ("box", edited(*LABEL, to=[2, 1, 0, 2]), "the box [2, 1, 0, 2] is empty or not within"),
        ("box", edited(*LABEL, to=[2, 1]), "frame 00005: [2, 1] is no box [X, Y, WIDTH, HEIGHT]"),
        ("box", edited(*LABEL, to=[2.5, 1, 4, 2]), "[2.5, 1, 4, 2] is no box"),
        (
            "point",
            edited(*LABEL, to=[9, 1]),
            "video bear, object 1, frame 00005: the point [9, 1] is not within 9 x 6 pixels",
        ),
        ("point", edited(*LABEL, to=[0, -1]), "the point [0, -1] is not within 9 x 6 pixels"),
        ("point", edited(*LABEL, to=[2, 1, 4, 2]), "[2, 1, 4, 2] is no point [X, Y]"),
        (
            "first-frame",
            edited(*LABEL, to=encode_rle(SEEN_HW.T)),
            "frame 00005: a mask of 6 x 9 pixels, yet the video's are 9 x 6",
        ),
        ("first-frame", edited(*LABEL, to=encode_rle(SEEN_HW & False)), "00005: an empty mask"),
        ("first-frame", edited(*LABEL, "counts", to="1"), "not the run lengths of a mask of 9 x 6"),
        ("first-frame", edited(*LABEL, to=[2, 1, 4, 2]), 'frame 00005: no mask {"size": '),
        (
            "first-frame",
            edited(*VIDEO, "objects", "1", "ten", to=encode_rle(SEEN_HW)),
            "video bear, object 1: masks in 2 frames and not in one",
        ),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, kind: str, edit: Callable[[Any], None], message: str
) -> None:
    content = json.loads(json.dumps(CONTENT[kind]))
    edit(content)
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(content))
    with pytest.raises(UserError) as caught:
        read_labels(path, "ref-davis17", "train", kind, FRAMES)
    assert str(caught.value).startswith(f"{path} doesn't read as labels (")
    assert message in str(caught.value)
    assert str(caught.value).endswith("): mend that, or move the file away.")


@pytest.mark.parametrize("content", ["", '{"kind": ', '{"kind": "box", "kind": "box"}', "[]"])
def test_what_is_no_json_object_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "labels.json"
    path.write_text(content)
    with pytest.raises(UserError, match=r"labels\.json doesn't read .*: mend that, or move"):
        read_labels(path, "ref-davis17", "train", "box", FRAMES)


def test_a_first_mask_may_lie_in_a_frame_that_is_not_labelled(tmp_path: Path) -> None:
    content = json.loads(json.dumps(CONTENT["first-frame"]))
    content["videos"]["bear"]["labelled"] = ["00000"]
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(content))
    labels = read_labels(path, "ref-davis17", "train", "first-frame", FRAMES)["bear"]
    assert labels.labelled == (0,)
    assert list(labels.frames[1]) == [1]


def test_an_earlier_file_stays_where_the_new_one_cant_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match=r"train-box\.json can't be written \("):
        write_labels(tmp_path / "file" / "train-box.json", "mevis", "train", "box", {}, {})
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
