"""The files that the benchmarks' servers take: written and looked over."""

from slvp.evaluation.submission.checking import SubmissionCheck, check_submission, format_check
from slvp.evaluation.submission.writing import check_target, write_submission

__all__ = [
    "SubmissionCheck",
    "check_submission",
    "check_target",
    "format_check",
    "write_submission",
]
