import json
from collections.abc import Callable
from pathlib import Path

from slvp.data.benchmarks.catalog import CATALOG
from slvp.data.doctor.check import check_benchmark
from slvp.data.doctor.findings import Findings
from slvp.data.labels.files import label_file, write_labels
from slvp.data.labels.loading import frame_names
from slvp.data.labels.weaken import weaken_videos

Tree = Callable[[str], Path]


def check(root: Path, split: str | None = None) -> Findings:
    return check_benchmark("mevis", root, split, quick=True, processes=1, progress=False)


def with_labels(tree: Tree) -> tuple[Path, Path]:
    root = tree("mevis")
    path = label_file(root, "train", "box")
    expressions = CATALOG["mevis"].load(root, "train")
    labels = weaken_videos(expressions, "box")
    write_labels(path, "mevis", "train", "box", labels, frame_names(expressions))
    return root, path


def test_labels_are_counted(tree: Tree) -> None:
    root, path = with_labels(tree)
    findings = check(root)
    assert findings.problems == ()
    assert findings.notes[-1] == "labels/train-box.json: 2 videos, 4 objects, 20 labels"
    content = json.loads(path.read_text())
    del next(iter(content["videos"].values()))["objects"]["0"]
    path.write_text(json.dumps(content))
    assert (
        check(root)
        .notes[-1]
        .endswith("2 videos, 3 objects, 15 labels; 3 expressions about what it doesn't have")
    )


def test_labels_that_dont_read_or_fit_are_problems(tree: Tree) -> None:
    root, path = with_labels(tree)
    content = json.loads(path.read_text())
    next(iter(content["videos"].values()))["size"] = [96, 96]
    path.write_text(json.dumps(content))
    path.with_name("train-boxes.json").write_text("{}")
    path.with_name("valid_u-box.json").write_text("{}")
    path.with_name("valid-point.json").write_text("{}")
    found = {(problem.kind, problem.path.name) for problem in check(root).problems}
    assert found == {
        ("Labels are not of the size of their frames", "train-box.json"),
        ("Labels of no known split or kind", "train-boxes.json"),
        ("Labels can't be read", "valid_u-box.json"),
        ("Labels can't be read", "valid-point.json"),
    }
    (size,) = (one for one in check(root).problems if one.path == path)
    assert '"size" should be [72, 96]' in size.detail


def test_labels_of_other_splits_are_not_looked_at(tree: Tree) -> None:
    root, path = with_labels(tree)
    path.write_text("{}")
    assert check(root, "valid_u").problems == ()
    assert len(check(root, "train").problems) == 1
