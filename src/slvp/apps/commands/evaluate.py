"""``slvp evaluate``: a model's scores on a benchmark, by the benchmark's own protocol."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import torch
from tqdm import tqdm

import slvp
from slvp.apps.commands.scoring_output import CONTENTS, SCORES, SEED, Asked, show_and_write
from slvp.apps.output import partial_folder, resumable_folder
from slvp.apps.team import Team
from slvp.data.benchmarks.records import Group, sequences_of
from slvp.errors import UserError
from slvp.evaluation.benchmarks import BENCHMARKS
from slvp.evaluation.evaluate import evaluate_sequence, require_masks
from slvp.evaluation.prompting import Prompt, require_first_masks
from slvp.evaluation.protocols import Protocol
from slvp.evaluation.segmenting import segmented_frames
from slvp.evaluation.store import ScoreStore
from slvp.models.grounded.names import parse_grounded
from slvp.segmenter import BaseSegmenter, load_segmenter, refuse_grounding


def evaluate_benchmark(
    benchmark: str,
    data: Path,
    out: Path | None,
    *,
    model: str,
    split: str | None,
    protocol: str | None,
    threshold: float,
    device: str,
    size: int | None,
    quality: str,
    prompt: Prompt,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Score a model, print a table and, where ``out`` is given, make it with card and report.

    Raises:
        UserError: the data, the model, an option or ``out`` is not usable.
    """
    torch.manual_seed(SEED)
    team = Team.join()
    if team.size > 1 and out is None:
        raise UserError("several processes meet in a folder: name one with --out")
    known = BENCHMARKS[benchmark]
    way = known.way(protocol)
    split = known.check_split(known.scored_split if split is None else split)
    expressions = way.load(data, split)
    require_masks(expressions, split)
    require_first_masks(expressions, prompt)
    if prompt != "sentence":
        refuse_grounding(model)
    segmenter = load_segmenter(
        model, device=team.device(device), size=size, threshold=threshold, quality=quality
    )
    config = {
        "size": segmenter.size,
        "window": segmenter.window,
        "threshold": segmenter.threshold,
        "presence_threshold": segmenter.presence_threshold,
        "quality": quality,
        "prompt": prompt,
    }
    groups = sequences_of(expressions)
    with ExitStack() as stack:
        if out is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slvp-")))
        elif team.leads:
            # Made now: that it can't be should be told before hours of work.
            settings = {
                "benchmark": benchmark,
                "split": split,
                "protocol": way.protocol.name,
                "data": str(data.resolve()),
                "model": _fingerprint(segmenter, model),
                **config,
                "slvp": slvp.__version__,
            }
            folder = stack.enter_context(resumable_folder(out, CONTENTS, overwrite, settings))
        team.wait()
        if not team.leads:
            assert out is not None
            folder = partial_folder(out)
        scores = folder / SCORES
        scores.mkdir(exist_ok=True)
        store = ScoreStore(scores)
        try:
            _evaluate(segmenter, groups, way.protocol, prompt, store, team, quiet)
        except BaseException:
            if out is not None and (kept := len(store.finished())):
                print(
                    f"slvp: {kept} of {len(groups)} sequences are scored and kept in "
                    f"{out}.partial; the same command goes on from there",
                    file=sys.stderr,
                )
            raise
        team.wait()
        if team.leads:
            show_and_write(
                folder if out else None,
                [store.read(group[0].sequence) for group in groups],
                expressions,
                way.protocol,
                Asked(benchmark, split, data, processes=team.size),
                model=model,
                config=config,
                parameters=asdict(segmenter.model.parameter_counts()),
                device=str(segmenter.device),
            )


def _evaluate(
    segmenter: BaseSegmenter,
    groups: list[Group],
    protocol: Protocol,
    prompt: Prompt,
    store: ScoreStore,
    team: Team,
    quiet: bool,
) -> None:
    """Score what isn't yet; each process of the team takes its share of the frames."""
    finished = store.finished()
    todo = [group for group in groups if group[0].sequence not in finished]
    team.wait()  # or one might count what another has just finished
    frames = {group[0].sequence: sum(map(len, segmented_frames(group))) for group in groups}
    if team.size > 1:
        todo.sort(key=lambda group: frames[group[0].sequence], reverse=True)
    mine = todo[team.index :: team.size]
    with tqdm(
        total=sum(frames[group[0].sequence] for group in (mine if team.size > 1 else groups)),
        initial=0 if team.size > 1 else sum(frames[name] for name in finished),
        unit="frame",
        disable=quiet or not team.leads,
        dynamic_ncols=True,
    ) as bar:
        for group in mine:
            bar.set_description(group[0].sequence)
            store.add(evaluate_sequence(segmenter, group, protocol, prompt))
            bar.update(frames[group[0].sequence])


def _fingerprint(segmenter: BaseSegmenter, model: str) -> str:
    """Return a digest of the model's weights, and of how it is grounded."""
    digest = hashlib.sha256()
    if parse_grounded(model) is not None:
        digest.update(model.encode())
    for part, tensor in segmenter.model.state_dict().items():
        digest.update(part.encode())
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
