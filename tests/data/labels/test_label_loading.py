"""Every benchmark with every kind of label, with and without mask files on the disk."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from slvp.data.benchmarks.catalog import CATALOG
from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.data.labels.files import label_file, write_labels
from slvp.data.labels.kinds import WeakKind
from slvp.data.labels.loading import frame_names, load_labelled
from slvp.data.labels.records import SENTENCE_ONLY
from slvp.errors import UserError

Tree = Callable[[str], Path]

SPLITS = {name: next(iter(entry.splits)) for name, entry in CATALOG.items()}

MASKS = {
    "ref-davis17": ("DAVIS/Annotations", "DAVIS/Annotations_unsupervised"),
    "ref-youtube-vos": ("train/Annotations",),
    "mevis": ("train/mask_dict.json",),
    "a2d-sentences": ("text_annotations/a2d_annotation_with_instances",),
    "jhmdb-sentences": ("puppet_mask",),
    "visor": ("train/Annotations",),
    "world": ("test/Annotations",),
}


def remove_masks(root: Path, name: str) -> None:
    for place in MASKS[name]:
        path = root / place
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def write_file(root: Path, name: str, kind: WeakKind, split: str) -> list[BenchmarkExpression]:
    expressions = load_labelled(name, root, split, kind)
    labels = {one.sequence: one.labels for one in expressions}
    write_labels(label_file(root, split, kind), name, split, kind, labels, frame_names(expressions))
    return expressions


def unlabelled(expressions: list[BenchmarkExpression]) -> list[BenchmarkExpression]:
    return [replace(one, frames=None, masks=None, scored=(), labels=None) for one in expressions]


@pytest.mark.parametrize("name", CATALOG)
@pytest.mark.parametrize("kind", get_args(WeakKind))
def test_labels_of_a_file_are_those_of_the_masks_that_it_replaces(
    tree: Tree, name: str, kind: WeakKind
) -> None:
    root, split = tree(name), SPLITS[name]
    masked = load_labelled(name, root, split, "mask")
    derived = write_file(root, name, kind, split)
    assert unlabelled(derived) == unlabelled(masked)
    remove_masks(root, name)
    read = load_labelled(name, root, split, kind)
    assert unlabelled(read) == unlabelled(masked)
    assert [one.labels for one in read] == [one.labels for one in derived]
    assert frame_names(read) == frame_names(masked)
    for one, had in zip(read, masked, strict=True):
        assert (one.masks, one.scored, one.labels.kind) == (None, (), kind)
        assert one.labels.frames.keys() >= set(one.object_ids)
        assert set(one.labels.labelled) >= set(had.scored) or kind == "first-frame"


@pytest.mark.parametrize("name", CATALOG)
def test_labels_say_of_each_frame_what_its_masks_do(examples: Tree, name: str) -> None:
    root, split = examples(name), SPLITS[name]
    masked = load_labelled(name, root, split, "mask")
    for one, had in zip(load_labelled(name, root, split, "box"), masked, strict=True):
        for t in had.scored:
            objects = had.masks.read(t)
            assert one.labels.size == objects.size
            for object_id in one.object_ids:
                assert (t in one.labels.frames[object_id]) == objects.mask((object_id,)).any()


@pytest.mark.parametrize("name", CATALOG)
def test_sentences_alone_need_neither_labels_nor_masks(tree: Tree, name: str) -> None:
    root, split = tree(name), SPLITS[name]
    masked = load_labelled(name, root, split, "mask")
    remove_masks(root, name)
    expressions = load_labelled(name, root, split, "sentence")
    assert unlabelled(expressions) == unlabelled(masked)
    assert {(one.masks, one.scored) for one in expressions} == {(None, ())}
    assert all(one.labels is SENTENCE_ONLY for one in expressions)
    for group in expressions:
        assert len(list(group.frames.read((0, 1)))) == 2


@pytest.mark.parametrize("name", CATALOG)
def test_without_labels_and_masks_both_are_named(tree: Tree, name: str) -> None:
    root, split = tree(name), SPLITS[name]
    remove_masks(root, name)
    path = label_file(root, split, "point")
    with pytest.raises(UserError) as caught:
        load_labelled(name, root, split, "point")
    start = f"{path} is not there, and its labels can't be made from masks either, for "
    assert str(caught.value).startswith(start)
    assert any(Path(place).parts[-1] in str(caught.value) for place in MASKS[name])


def test_what_has_nothing_to_do_with_masks_is_told_as_it_is(tree: Tree) -> None:
    root = tree("mevis")
    (root / "train/meta_expressions.json").unlink()
    with pytest.raises(UserError, match=r"^\S*meta_expressions\.json is missing"):
        load_labelled("mevis", root, "train", "box")


@pytest.mark.parametrize("kind", ["box", "sentence"])
def test_a_server_keeps_to_itself_what_could_be_labelled(examples: Tree, kind: str) -> None:
    with pytest.raises(UserError, match=r"^MeViS keeps it to itself which .* of valid describe"):
        load_labelled("mevis", examples("mevis"), "valid", kind)


def test_sentences_about_what_is_not_labelled_are_left_out(tree: Tree) -> None:
    root = tree("mevis")
    everything = write_file(root, "mevis", "box", "train")
    path = label_file(root, "train", "box")
    content = json.loads(path.read_text())
    first, second = content["videos"]
    del content["videos"][second]
    (_, gone) = content["videos"][first]["objects"]
    del content["videos"][first]["objects"][gone]
    path.write_text(json.dumps(content))
    kept = load_labelled("mevis", root, "train", "box")
    assert [one.expression_id for one in kept] == [
        one.expression_id
        for one in everything
        if one.sequence == first and int(gone) not in one.object_ids
    ]
    assert () in [one.object_ids for one in kept]
    path.write_text(json.dumps(content | {"videos": {}}))
    with pytest.raises(UserError, match=r"train-box\.json has labels of no object that a sentence"):
        load_labelled("mevis", root, "train", "box")


def test_sentences_about_what_nobody_looked_for_are_left_out(tree: Tree) -> None:
    root = tree("mevis")
    write_file(root, "mevis", "box", "train")
    path = label_file(root, "train", "box")
    content = json.loads(path.read_text())
    (first, video), *_ = content["videos"].items()
    looked_for, hidden = video["objects"]
    video["objects"][hidden] = {}  # nobody saw it in the frames that were looked at
    path.write_text(json.dumps(content))
    everything = load_labelled("mevis", root, "train", "box")
    assert any(int(hidden) in one.object_ids for one in everything)
    video |= {"labelled": [], "objects": {looked_for: {}, hidden: {}}}
    path.write_text(json.dumps(content))
    kept = load_labelled("mevis", root, "train", "box")
    assert [one for one in everything if one.sequence != first or not one.object_ids] == [
        replace(one, labels=other.labels)
        for one in kept
        for other in everything
        if (one.sequence, one.expression_id) == (other.sequence, other.expression_id)
    ]


def test_an_instance_of_a2d_that_no_mask_shows_is_known_by_its_sentence_alone(tree: Tree) -> None:
    root = tree("a2d-sentences")
    table = root / "text_annotations/a2d_annotation.txt"
    table.write_text(table.read_text() + "--example-A,7,the ghost\n")
    count = len(load_labelled("a2d-sentences", root, "train", "mask"))
    assert len(load_labelled("a2d-sentences", root, "train", "sentence")) == count + 1
    write_file(root, "a2d-sentences", "box", "train")
    assert len(load_labelled("a2d-sentences", root, "train", "box")) == count
