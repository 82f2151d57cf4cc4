"""The command line: from words to a command of ``slvp.apps.arguments`` and an exit code."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

import tyro

import slvp
from slvp.apps.arguments import app, data_app
from slvp.errors import UserError

_TERMINATED = 128 + signal.SIGTERM
_OBJECTS_BEFORE_A_SEARCH = 100_000

HELP = """\
usage: slvp COMMAND ...         (slvp COMMAND --help lists a command's options)
Finds what you say in a video: slvp segment examples/cars.mp4 "the left car"
  segment       a video and one or more sentences -> overlay video, masks, JSON
  live          the same for a camera, RTSP or HTTP, as it comes
  web           the same as a page in the browser, with an HTTP API
  evaluate      score a model on a benchmark by the benchmark's protocol
  evaluate-flow how well pretrain went: errors of flow, right and other captions
  score         score masks that any program wrote
  submit        write and validate the file that a benchmark's server takes
  compare       how two results differ, and how sure that is
  bench         time how a video is segmented, or the evaluator
  recipes       what pretrain and finetune can train, and what each needs
  pretrain      train fusion and decoder with flow as the target, without masks
  finetune      train a model that segments, from masks and a pre-trained model
  study         train what answers one of the paper's claims; draw the answer
  resume        go on with an interrupted run of pretrain or finetune
  import        another system's published checkpoint -> a model for --model
  export        a model -> ONNX or torch.export, for other programs
  data example  make a tiny data set in a benchmark's exact layout
  data check    look a benchmark's files over; say how to mend what is wrong
  data prepare  convert a download, where that is needed
  data weaken   boxes, points or first masks from masks, for weak supervision
  data world    make clips of the embedded world, with masks and expressions
  data flow     compute the optical flow of captioned video, for pretrain
"""


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code.

    0 is good, 1 where only a part could be done (a file of several failed, a live source was lost),
    2 the user's mistake, 130 Ctrl-C, 143 the end that another process has asked for. ``slvp live``
    has no other end than the last two, so that it ends with 0 if it has shown anything.
    """
    if not arguments or arguments[0] in ("-h", "--help"):
        print(HELP, end="")
        return 0
    if arguments[0] == "--version":
        print(f"slvp {slvp.__version__}")
        return 0
    group, prog = (data_app, "slvp data") if arguments[0] == "data" else (app, "slvp")
    try:
        group.cli(
            prog=prog,
            args=arguments[1:] if group is data_app else arguments,
            config=(
                tyro.conf.DisallowNone,
                tyro.conf.FlagCreatePairsOff,
                tyro.conf.PositionalMetavarFromFieldName,
            ),
        )
    except UserError as error:
        print(f"slvp: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("slvp: interrupted", file=sys.stderr)
        return 130
    except SystemExit as end:  # tyro has printed help or what is wrong with the options; or main's
        if end.code == _TERMINATED:
            print("slvp: ended by SIGTERM", file=sys.stderr)
        return int(end.code or 0)
    return 0


def main() -> NoReturn:
    """Run the process's command line."""
    # As the libraries are imported, the search for garbage begins hundreds of times, in vain.
    gc.set_threshold(_OBJECTS_BEFORE_A_SEARCH)
    # Unwinding removes what is half-written; the default action would leave it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))
    for stream in (sys.stdout, sys.stderr):
        # A terminal that can't show a file's name should not make a finished run fail.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output has read enough, as 'head' does
        # What is still to be written would raise again at the very end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 128 + signal.SIGPIPE
    gc.freeze()  # a last search through all that the libraries have made takes a second
    sys.exit(code)
