"""What a run ran with: the commit of this package, and the machine."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import torch

import slvp


def commit_of_package() -> str | None:
    """Return the commit of this package's checkout, ``-dirty`` where its files were changed.

    None for an installed package.
    """
    here = Path(slvp.__file__)

    def git(*arguments: str) -> str | None:
        try:
            run = subprocess.run(
                ["git", "-C", str(here.parent), *arguments],
                capture_output=True,
                text=True,
                check=True,
            )
        except (OSError, subprocess.CalledProcessError):
            return None
        return run.stdout.strip()

    # An environment inside somebody's repository is no checkout of this package.
    if git("ls-files", "--error-unmatch", here.name) is None:
        return None
    commit = git("rev-parse", "HEAD")
    return f"{commit}-dirty" if git("status", "--porcelain", "--", ".") else commit


def describe_hardware(device: str | None = None) -> str:
    """Name the processor and, for a CUDA ``device`` (as PyTorch calls it), the accelerator."""
    threads = torch.get_num_threads()
    processor = f"{_processor()}, {threads} thread{'s' if threads > 1 else ''}"
    if device is not None and torch.device(device).type == "cuda":
        return f"{torch.cuda.get_device_name(device)}; {processor}"
    return processor


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
