"""Makes ``expected.npz`` and ``names.json.gz`` with the authors' own code.

    git clone https://github.com/wjn922/ReferFormer  # read and run at commit 06fc218
    pip install einops
    python tests/models/referformer/official/make_expected.py ReferFormer

Nothing of that code is kept here. What it can't be run with is stood in for: the compiled op by the
authors' own fallback in PyTorch, fvcore's initialisation by nothing (all weights are made up, see
``authors_inputs.py``), the download of RoBERTa by a RoBERTa of one layer with made-up weights.

``expected.npz``: for each case, some of the numbers of ``pred_masks``, ``pred_logits`` and
``pred_boxes``, and for one the losses. ``names.json.gz``: names and shapes of all tensors of a
checkpoint, for each backbone; those that all have in common are told once.
"""

import argparse
import gzip
import json
import sys
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import authors_inputs  # noqa: E402
from authors_code import build, official  # noqa: E402

BACKBONES = (
    "resnet50",
    "resnet101",
    *(f"swin_{size}_p4w7" for size in "tsbl"),
    *(f"video_swin_{size}_p4w7" for size in "tsb"),
)


def shapes_of(model) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}


def load(model) -> None:
    kept = {n for n, t in model.state_dict().items() if t.is_floating_point()}
    shapes = {name: shape for name, shape in shapes_of(model).items() if name in kept}
    missing, unexpected = model.load_state_dict(authors_inputs.weights(shapes), strict=False)
    assert not unexpected and not set(missing) & kept


def targets_of(case: authors_inputs.Case) -> list[dict[str, torch.Tensor]]:
    from util import box_ops

    targets = []
    for (height, width), mask_THW in zip(case.sizes, authors_inputs.masks(case), strict=True):
        valid = mask_THW.flatten(1).any(1)
        boxes = torch.zeros(case.frames, 4)
        for t in valid.nonzero().flatten().tolist():
            rows = mask_THW[t].any(1).nonzero().flatten()
            columns = mask_THW[t].any(0).nonzero().flatten()
            # As the authors' data has them: from the first to the last pixel.
            boxes[t] = torch.tensor([columns[0], rows[0], columns[-1], rows[-1]])
        boxes = box_ops.box_xyxy_to_cxcywh(boxes) / torch.tensor([width, height, width, height])
        targets.append(
            {
                "size": torch.tensor([height, width]),
                "masks": mask_THW,
                "boxes": boxes,
                "valid": valid.long(),
                "labels": torch.zeros(case.frames, dtype=torch.long),
            }
        )
    return targets


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    models, opts, misc = official(folder, authors_inputs.TEXT)
    expected: dict[str, np.ndarray] = {}
    built = {}
    for case in authors_inputs.CASES:
        if case.backbone not in built:
            built.clear()
            built[case.backbone] = build(models, opts, case.backbone)
            load(built[case.backbone][0])
        model, criterion = built[case.backbone]
        # Without dropout in the parts that have their own.
        model.eval()
        clips = authors_inputs.clips(case)
        targets = targets_of(case)
        sentences = list(authors_inputs.SENTENCES[: len(clips)])
        with torch.no_grad():
            padded = misc.nested_tensor_from_videos_list(clips, 32 if case.learns else 1)
            output = model(padded, sentences, targets)
        for name in ("pred_masks", "pred_logits", "pred_boxes"):
            expected[f"{case.name} {name}"] = authors_inputs.told(output[name])
            print(case.name, name, tuple(output[name].shape), expected[f"{case.name} {name}"][-2:])
        if case.learns:
            losses = criterion(output, targets)
            total = {}
            for name, loss in losses.items():
                kind = name.removeprefix("loss_").rstrip("_0123456789")
                total[kind] = total.get(kind, 0) + float(loss)
            for kind, loss in total.items():
                expected[f"{case.name} loss {kind}"] = np.array([loss], np.float32)
                print(kind, loss)
    np.savez_compressed(HERE / "expected.npz", **expected)

    # Names, with the RoBERTa of the published checkpoints.
    built.clear()
    authors_inputs.TEXT.clear()
    named = {}
    for backbone in BACKBONES:
        model, _ = build(models, opts, backbone)
        named[backbone] = {n: list(shape) for n, shape in shapes_of(model).items()}
    common = set.intersection(*({(n, tuple(s)) for n, s in one.items()} for one in named.values()))
    content = {
        "all": {name: list(shape) for name, shape in sorted(common)},
        **{
            backbone: {n: s for n, s in one.items() if (n, tuple(s)) not in common}
            for backbone, one in named.items()
        },
    }
    with gzip.GzipFile(HERE / "names.json.gz", "wb", mtime=0) as file:
        file.write(json.dumps(content, separators=(",", ":")).encode())


if __name__ == "__main__":
    main()
