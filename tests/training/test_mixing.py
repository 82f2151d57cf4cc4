"""Who has which share of the batches, and that batches come in these shares."""

import json
import shutil
from collections import Counter
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from PIL import Image

from slvp.data.benchmark_clips import BenchmarkClips
from slvp.data.benchmarks.ref_davis17 import load_ref_davis17
from slvp.data.examples.mevis import write_mevis
from slvp.data.examples.ref_davis17 import write_ref_davis17
from slvp.data.labels.kinds import Supervision
from slvp.data.weak_clips import WeakClips
from slvp.errors import UserError
from slvp.training.config import DataConfig, TrainConfig
from slvp.training.mixing import open_annotated, shares_of
from slvp.training.sources import build_batches
from slvp.training.stages import Stages
from slvp.training.weak_data import PseudoFolder

SMALL = {"sizes": ((32, 32), (32, 64)), "frames": (1, 2), "pixels": 2 * 32 * 32}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Two benchmarks and a folder of stills."""
    folder = tmp_path_factory.mktemp("data")
    for name, write in (("davis", write_ref_davis17), ("mevis", write_mevis)):
        (folder / name).mkdir()
        write(folder / name)
    stills = folder / "stills"
    stills.mkdir()
    picture = np.full((40, 40, 3), 90, np.uint8)
    ids = np.zeros((40, 40), np.uint8)
    ids[5:35, 5:35] = 1
    Image.fromarray(picture).save(stills / "a.jpg")
    mask = Image.fromarray(ids, mode="P")
    mask.putpalette([0, 0, 0, 128, 0, 0])
    mask.save(stills / "a.png")
    (stills / "stills.csv").write_text("image,object_id,class_name,caption\na.jpg,1,box,a box\n")
    return folder


def both(folder, first=0.5, second=0.3, **changes):
    benchmarks = (
        ("ref-davis17", str(folder / "davis"), first),
        ("mevis", str(folder / "mevis"), second),
    )
    return DataConfig(benchmarks=benchmarks, **(SMALL | changes))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (0.2, 0, 0.5, 0.3)),
        ({"stills": "folder"}, (0.12, 0.08, 0.5, 0.3)),
        ({"world_share": 0.0}, (0, 0, 0.625, 0.375)),
        ({"world_share": 0.6}, (0.6, 0, 0.25, 0.15)),
        ({"world_share": 0.6, "first": 10, "second": 30}, (0.6, 0, 0.1, 0.3)),
        ({"first": 0.7}, (0, 0, 0.7, 0.3)),
    ],
)
def test_shares(changes, expected, tmp_path):
    shares = shares_of(both(tmp_path, **changes))
    assert (shares.world, shares.stills, *shares.annotated) == pytest.approx(expected)


def test_the_world_has_what_nobody_else_has():
    assert shares_of(DataConfig()).world == 1
    shares = shares_of(DataConfig(stills="folder", stills_share=0.3))
    assert (shares.world, shares.stills) == pytest.approx((0.7, 0.3))
    shares = shares_of(DataConfig(refcoco=(("a.json", "b", 0.25),)))
    assert (shares.world, *shares.annotated) == pytest.approx((0.75, 0.25))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"first": 0.0}, "a share of 0: expected a number above 0"),
        ({"first": -1.0}, "a share of -1"),
        ({"first": float("nan")}, "a share of nan"),
        ({"first": float("inf")}, "a share of inf"),
        ({"first": 0.8}, r"add up to 1\.1; expected at most 1"),
        ({"world_share": 1.0}, "--world-share 1: expected a number from 0"),
        ({"world_share": -0.1}, r"--world-share -0\.1: expected"),
        ({"world_share": float("nan")}, "--world-share nan: expected"),
        ({"world_share": 0.3, "benchmarks": ()}, "--world-share needs --benchmark or --refcoco"),
        ({"world_share": 0.0, "stamps": True}, "--stamps and --stills would not be used"),
        ({"first": 0.7, "stills": "folder"}, "--stamps and --stills would not be used"),
    ],
)
def test_shares_that_do_not_fit(changes, said, tmp_path):
    config = DataConfig(**changes) if "benchmarks" in changes else both(tmp_path, **changes)
    with pytest.raises(UserError, match=said):
        shares_of(config)


def test_batches_come_in_their_shares(data):
    steps = 400
    config = TrainConfig(
        "finetune",
        data=both(data, stills=str(data / "stills"), stills_share=0.5),
        steps=steps,
        validation_batches=steps,
    )
    training, validation = build_batches(config)
    for batches, expected in (
        (training, {"world": 0.1, "a.jpg": 0.1, "ref-davis17": 0.5, "mevis": 0.3}),
        (validation, {"world": 0.2, "ref-davis17": 0.5, "mevis": 0.3}),
    ):
        found = Counter()
        for step in range(steps):
            batch = batches[step]
            places = {name.split("/")[0].split("-0-")[0] for name in batch.names}
            (place,) = places  # a batch comes from one source
            found[place] += 1 / steps
        assert found == pytest.approx(expected, abs=0.08)


def test_no_world_if_it_has_no_share(data):
    config = TrainConfig("finetune", data=both(data, world_share=0.0), steps=9)
    for batches in build_batches(config):
        assert [source.name for source in batches.sources] == ["ref-davis17", "mevis"]


def test_what_is_found_is_told(data):
    told = []
    build_batches(TrainConfig("finetune", data=both(data), steps=9), tell=told.append)
    assert told == [
        "ref-davis17, 50% of the batches: 1 to train on, 1 held out",
        "mevis, 30% of the batches: 1 to train on, 1 held out",
    ]


def test_held_out_videos_are_not_trained_on(data):
    opened = open_annotated(both(data), seed=1, held_out_seed=2)
    for found in opened:
        seen = {one.sequence for one in found.training.expressions}
        unseen = {one.sequence for one in found.held_out.expressions}
        assert seen
        assert unseen
        assert not seen & unseen
    sequences = {one.sequence for one in load_ref_davis17(data / "davis", "train")}
    both_sides = (*opened[0].training.expressions, *opened[0].held_out.expressions)
    assert {one.sequence for one in both_sides} == sequences


@pytest.fixture(scope="module")
def twenty(tmp_path_factory):
    """A benchmark of twenty videos, of which two are held out."""
    folder = tmp_path_factory.mktemp("twenty")
    write_mevis(folder)
    meta = folder / "train/meta_expressions.json"
    content = json.loads(meta.read_text())
    (first, *_) = content["videos"]
    videos = {f"{number:02d}": content["videos"][first] for number in range(20)}
    meta.write_text(json.dumps(content | {"videos": videos}))
    for name in videos:
        shutil.copytree(folder / "train/JPEGImages" / first, folder / "train/JPEGImages" / name)
    return folder


def test_labels_reduce_what_is_trained_on_and_not_what_is_held_out(twenty):
    def sides(labels, seed):
        data = DataConfig(benchmarks=(("mevis", str(twenty), 0.5),), labels=labels)
        (found,) = open_annotated(data, seed, 0)
        return [
            {one.sequence for one in side.expressions} for side in (found.training, found.held_out)
        ]

    (few, unseen), (some, same), (every, again) = (
        sides(labels, seed) for seed, labels in enumerate((0.01, 0.2, 1.0))
    )
    assert (len(few), len(some), len(every), len(unseen)) == (1, 4, 18, 2)
    assert few < some < every
    assert unseen == same == again


def test_how_many_labels_are_used_is_told(twenty):
    told = []
    data = DataConfig(benchmarks=(("mevis", str(twenty), 0.5),), labels=0.2, **SMALL)
    training, _ = build_batches(TrainConfig("finetune", data=data, steps=30), tell=told.append)
    assert told == ["mevis, 50% of the batches: 18 to train on (labels of 4), 2 held out"]
    videos = {name for step in range(30) for name in training[step].names if "mevis" in name}
    assert len(videos) == 4


@pytest.mark.parametrize("labels", [0.0, -0.1, 1.01, float("nan")])
def test_a_share_of_labels_that_is_none(data, labels):
    with pytest.raises(UserError, match=r"--labels .*: expected a number above 0 and up to 1"):
        build_batches(TrainConfig("finetune", data=both(data, labels=labels)))


def test_labels_need_videos():
    with pytest.raises(UserError, match="--labels needs --benchmark or --refcoco"):
        build_batches(TrainConfig("finetune", data=DataConfig(labels=0.5)))


def test_benchmarks_without_a_training_split(data):
    for name in ("jhmdb-sentences", "world", "no-such-benchmark"):
        config = DataConfig(benchmarks=((name, str(data), 0.5),))
        with pytest.raises(UserError, match=f"'{name}': nothing to train on; expected one of"):
            open_annotated(config, 0, 0)


def test_a_benchmark_without_sentences(tmp_path):
    meta = tmp_path / "meta_expressions/train/meta_expressions.json"
    meta.parent.mkdir(parents=True)
    meta.write_text('{"videos": {}}')
    (tmp_path / "train/JPEGImages").mkdir(parents=True)
    config = DataConfig(benchmarks=(("ref-youtube-vos", str(tmp_path), 0.5),))
    with pytest.raises(UserError, match="has no sentence there"):
        open_annotated(config, 0, 0)


WEAK = [kind for kind in get_args(Supervision) if kind != "mask"]


@pytest.mark.parametrize("kind", WEAK)
def test_weak_labels_are_of_the_same_videos_and_hold_out_masks(kind, data, tmp_path):
    pseudo = PseudoFolder(tmp_path, 4)
    weakly = open_annotated(both(data, supervision=kind), 1, 2, pseudo)
    for found, masked in zip(weakly, open_annotated(both(data), 1, 2), strict=True):
        assert type(found.training) is WeakClips
        assert type(found.held_out) is BenchmarkClips
        assert {one.labels.kind for one in found.training.expressions} == {kind}
        assert all(one.masks is None for one in found.training.expressions)
        assert all(one.masks is not None for one in found.held_out.expressions)
        for side, of_masks in (
            (found.training, masked.training),
            (found.held_out, masked.held_out),
        ):
            known = [(one.sequence, one.text) for one in side.expressions]
            assert known == [(one.sequence, one.text) for one in of_masks.expressions]
    assert weakly[0].training.pseudo != weakly[1].training.pseudo


def test_without_masks_held_out_videos_are_scored_on_pseudo_masks(data, tmp_path):
    shutil.copytree(data / "davis", tmp_path / "davis")
    for folder in ("Annotations", "Annotations_unsupervised"):
        shutil.rmtree(tmp_path / "davis/DAVIS" / folder)
    benchmarks = (("ref-davis17", str(tmp_path / "davis"), 1.0),)
    weakly = DataConfig(benchmarks=benchmarks, supervision="sentence", **SMALL)
    (found,) = open_annotated(weakly, 1, 2, PseudoFolder(tmp_path, 4))
    assert type(found.training) is type(found.held_out) is WeakClips
    assert found.training.pseudo == found.held_out.pseudo
    seen, unseen = (
        {one.sequence for one in side.expressions} for side in (found.training, found.held_out)
    )
    assert seen
    assert unseen
    assert not seen & unseen


def test_weak_labels_come_in_their_share_beside_the_masks_of_the_world(data, tmp_path):
    config = TrainConfig("finetune", data=both(data, supervision="box"), steps=200)
    stages = Stages(config, tmp_path)
    stages.stand_in()
    training, _ = build_batches(config, pseudo=stages.pseudo(0))
    found = Counter()
    for step in range(config.steps):
        batch = training[step]
        assert not batch.skipped
        (place,) = {name.split("/")[0].split("-0-")[0] for name in batch.names}
        found[place] += 1 / config.steps
        assert (batch.trust_ETHW is None) == (batch.boxes_ETHW is None) == (place == "world")
    assert found == pytest.approx({"world": 0.2, "ref-davis17": 0.5, "mevis": 0.3}, abs=0.08)


def test_a_share_of_weak_labels(twenty, tmp_path):
    told = []
    data = DataConfig(
        benchmarks=(("mevis", str(twenty), 0.5),), labels=0.2, supervision="point", **SMALL
    )
    build_batches(
        TrainConfig("finetune", data=data, steps=9),
        tell=told.append,
        pseudo=PseudoFolder(tmp_path, 4),
    )
    assert told == ["mevis, 50% of the batches: 18 to train on (labels of 4), 2 held out"]


@pytest.mark.parametrize("kind", WEAK)
def test_weak_labels_need_a_benchmark(kind, tmp_path):
    config = replace(both(tmp_path), benchmarks=(), refcoco=(("a.json", "b", 1.0),))
    with pytest.raises(UserError, match=f"--supervision {kind} needs --benchmark, whose videos"):
        open_annotated(replace(config, supervision=kind), 0, 0, PseudoFolder(tmp_path, 4))


def test_the_configuration_survives_its_file(data, tmp_path):
    config = TrainConfig(
        "finetune",
        data=both(data, refcoco=(("a.json", "b", 0.1),), world_share=0.25),
    )
    config.save(tmp_path / "config.json")
    assert TrainConfig.load(tmp_path / "config.json") == config
