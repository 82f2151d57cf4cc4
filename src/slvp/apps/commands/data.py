"""``slvp data example``, ``check``, ``prepare`` and ``weaken``: what benchmarks' files need."""

from __future__ import annotations

from pathlib import Path

from slvp.apps.output import output_folder
from slvp.data.benchmarks.catalog import CATALOG, TRAINING_SPLIT
from slvp.data.benchmarks.jhmdb_sentences import prepare_jhmdb_sentences
from slvp.data.doctor.check import check_benchmark
from slvp.data.doctor.findings import format_findings
from slvp.data.labels.files import count_labels, label_file, write_labels
from slvp.data.labels.kinds import WeakKind
from slvp.data.labels.loading import frame_names, load_masked
from slvp.data.labels.weaken import weaken_videos
from slvp.data.visor.prepare import prepare_visor
from slvp.data.visor.statistics import format_statistics
from slvp.errors import UserError
from slvp.processes import check_processes


def write_example(benchmark: str, out: Path, *, seed: int) -> None:
    """Write a tiny data set in a benchmark's layout.

    Raises:
        UserError: ``out`` is in use or can't be made.
    """
    if seed < 0:
        raise UserError(f"--seed {seed} is too small; 0 is the least")
    with output_folder(out, (), overwrite=None) as folder:
        CATALOG[benchmark].write_example(folder, seed)
    print(f"example of {benchmark}  {out}")


def check_data(
    benchmark: str,
    folder: Path,
    *,
    split: str | None,
    quick: bool,
    processes: int | None,
    quiet: bool,
) -> None:
    """Print what is wrong with a data set, and how to mend it.

    Raises:
        UserError: something is wrong, or an option is.
    """
    check_processes(processes)
    findings = check_benchmark(
        benchmark, folder, split, quick=quick, processes=processes, progress=not quiet
    )
    print(format_findings(findings))
    if findings.problems:
        number = len(findings.problems)
        what = "a problem, shown" if number == 1 else f"{number:,} problems, listed"
        raise UserError(f"{folder} has {what} above with how to mend it")


def prepare_data(benchmark: str, source: Path, out: Path | None, *, quiet: bool) -> None:
    """Convert a download, where the benchmark needs it.

    Raises:
        UserError: the source is no folder or can't be read, or ``out`` is not given where it is
            needed, given where nothing is written there, or can't be made.
    """
    if not source.is_dir():
        what = "is a file" if source.exists() else "is not there"
        raise UserError(f"{source} {what}; give the folder of the unpacked download")
    if benchmark != "visor" and out is not None:
        raise UserError(f"{out}: nothing of {benchmark} is written to another folder; leave it out")
    if benchmark == "visor":
        if out is None:
            raise UserError("visor is converted into a new folder: name it after SOURCE")
        print(format_statistics(prepare_visor(source, out, progress=not quiet)))
    elif benchmark == "jhmdb-sentences":
        print(prepare_jhmdb_sentences(source))
    else:
        print(f"{benchmark} is read as it was downloaded; see 'slvp data check {benchmark} DIR'")


def weaken_data(
    benchmark: str,
    folder: Path,
    kind: WeakKind,
    *,
    split: str | None,
    every: int,
    out: Path | None,
    processes: int | None,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Write a file of weak labels, made from a benchmark's masks.

    Raises:
        UserError: the benchmark or an option is not usable, or ``out`` exists or can't be written.
    """
    if every < 1:
        raise UserError(f"--every {every} is too small; 1 is the least")
    check_processes(processes)
    entry = CATALOG[benchmark]
    if split is None:
        split = TRAINING_SPLIT if TRAINING_SPLIT in entry.splits else entry.scored_split
    entry.check_split(split)
    path = label_file(folder, split, kind) if out is None else out
    if path.exists() and not overwrite:
        raise UserError(f"{path} exists; name another with --out, or replace it with --overwrite")
    expressions = load_masked(entry, folder, split)
    labels = weaken_videos(expressions, kind, every=every, processes=processes, progress=not quiet)
    write_labels(path, benchmark, split, kind, labels, frame_names(expressions))
    print(f"{count_labels(labels)}  {path}")
