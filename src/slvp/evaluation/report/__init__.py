"""The report: one HTML file with tables, charts and pictures that opens without a network."""

from slvp.evaluation.report.page import write_report

__all__ = ["write_report"]
