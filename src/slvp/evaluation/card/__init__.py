"""The result card: one JSON file with the numbers and all it takes to make them again.

``result.schema.json``, in the folder above, describes every key of the file.
"""

from slvp.evaluation.card.files import read_card, write_card
from slvp.evaluation.card.make import make_card
from slvp.evaluation.card.records import CardExpression, ResultCard
from slvp.evaluation.card.table import format_table

__all__ = [
    "CardExpression",
    "ResultCard",
    "format_table",
    "make_card",
    "read_card",
    "write_card",
]
