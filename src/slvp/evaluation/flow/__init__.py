"""How well flow pre-training went: is flow told, and does the caption tell it?"""

from slvp.evaluation.flow.card import FlowCard, make_flow_card, write_flow_card
from slvp.evaluation.flow.measure import Measured, mean_flow, measure
from slvp.evaluation.flow.report import FlowReport, format_reports, make_report

__all__ = [
    "FlowCard",
    "FlowReport",
    "Measured",
    "format_reports",
    "make_flow_card",
    "make_report",
    "mean_flow",
    "measure",
    "write_flow_card",
]
