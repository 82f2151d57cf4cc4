"""Score the cases with the official DAVIS 2017 evaluation code and keep what it says.

The code is no part of this repository. It is at
https://github.com/davisvideochallenge/davis2017-evaluation (commit ac7c43f) and needs
``pip install scikit-image``; with the real masks of five sequences of Ref-DAVIS17 in
``../shared/real/ref-davis17-val5``, the fixture was made by::

    git clone https://github.com/davisvideochallenge/davis2017-evaluation OFFICIAL_CHECKOUT
    python tests/evaluation/official/make_expected.py OFFICIAL_CHECKOUT

``expected.json`` has, by case, annotation set and protocol, six numbers for each object: mean,
recall and decay of J, then of F; null where the official code refuses the prediction.

- "published": task "unsupervised".
- "semi-supervised": the task of that name.
- "fixed": the function that task "semi-supervised" calls, on all frames.

The official code gives the matched pairs of task "unsupervised" in the order of the proposals.
Here they stand in the order of the objects, which takes a look at the matching that it does.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from official_cases import VAL5, Case, generated_cases, real_cases, write_data, write_predictions

SUMMARY = ("jf", "j", "j_recall", "j_decay", "f", "f_recall", "f_decay")


class Official:
    """The official code, on one folder of data."""

    def __init__(self, davis: Path) -> None:
        from davis2017 import evaluation, utils

        self.module, self.utils, self.davis = evaluation, utils, str(davis)
        self.assign = evaluation.linear_sum_assignment

    def unsupervised(self, predictions: Path, sequence: str) -> list[list[float]] | None:
        matched = []

        def assign(cost: np.ndarray) -> Any:
            rows, columns = self.assign(cost)
            matched.extend(columns)
            return rows, columns

        self.module.linear_sum_assignment = assign
        found = self._evaluate("unsupervised", predictions, sequence)
        return found and [found[matched.index(n)] for n in range(len(found))]

    def semi_supervised(self, predictions: Path, sequence: str) -> list[list[float]] | None:
        return self._evaluate("semi-supervised", predictions, sequence)

    def fixed(self, predictions: Path, sequence: str) -> list[list[float]] | None:
        evaluation = self._open("semi-supervised", sequence)
        truth, _, frames = evaluation.dataset.get_all_masks(sequence, True)
        masks = self.module.Results(root_dir=str(predictions)).read_masks(sequence, frames)
        try:
            j, f = evaluation._evaluate_semisupervised(truth, masks, None, ("J", "F"))
        except SystemExit:
            return None
        return [
            [float(x) for values in pair for x in self.utils.db_statistics(values)]
            for pair in zip(j, f, strict=True)
        ]

    def _evaluate(self, task: str, predictions: Path, sequence: str) -> list[list[float]] | None:
        try:
            found = self._open(task, sequence).evaluate(str(predictions))
        except SystemExit:
            return None
        columns = [found[metric][statistic] for metric in "JF" for statistic in "MRD"]
        return [[float(x) for x in row] for row in zip(*columns, strict=True)]

    def _open(self, task: str, sequence: str) -> Any:
        return self.module.DAVISEvaluation(self.davis, task, "val", sequences=[sequence])


def expected_of(cases: list[Case]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_data(root, cases)
        write_predictions(root / "predictions", cases)
        masks = root / "DAVIS/Annotations"
        masks.with_name("Annotations_unsupervised").symlink_to(masks, target_is_directory=True)
        official = Official(root / "DAVIS")
        expected: dict[str, Any] = {}
        for case in cases:
            expected[case.name] = {"digest": case.digest(), "sets": {}}
            for index, annotation_set in enumerate(case.predicted):
                predictions = root / "predictions" / f"anno_{index}"
                expected[case.name]["sets"][annotation_set] = {
                    "published": official.unsupervised(predictions, case.name),
                    "fixed": official.fixed(predictions, case.name),
                    "semi-supervised": official.semi_supervised(predictions, case.name),
                }
    return expected


def summary_of(expected: dict[str, Any]) -> dict[str, float]:
    """Average as ``evaluation_method.py`` does for each set, then over the sets."""
    by_set: dict[str, list[list[float]]] = {}
    for case in expected.values():
        for annotation_set, protocols in case["sets"].items():
            by_set.setdefault(annotation_set, []).extend(protocols["published"])
    rows = []
    for objects in by_set.values():
        j, j_recall, j_decay, f, f_recall, f_decay = np.array(objects).mean(axis=0)
        rows.append([(j + f) / 2.0, j, j_recall, j_decay, f, f_recall, f_decay])
    return dict(zip(SUMMARY, np.mean(rows, axis=0).tolist(), strict=True))


def main() -> None:
    sys.path.insert(0, sys.argv[1])
    content = {}
    for name, cases in (("generated", generated_cases()), ("real", real_cases(VAL5))):
        expected = expected_of(list(cases))
        content[name] = {"cases": expected, "published": summary_of(expected)}
    text = json.dumps(content, indent=1)
    one_line = re.sub(
        r"\[\s*(-?\d[^\[\]]*?)\s*\]", lambda row: f"[{' '.join(row[1].split())}]", text
    )
    Path(__file__).with_name("expected.json").write_text(one_line + "\n")


if __name__ == "__main__":
    main()
