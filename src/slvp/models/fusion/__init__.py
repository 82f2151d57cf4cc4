"""Where sentence and video meet: vision as query, or language as query.

Both have one interface, ``fusion(pyramid, words, clip_of_E) -> Fused``, and both are our own
design; the paper's abstract gives only their names.
"""

from slvp.models.fusion.fused import Fused
from slvp.models.fusion.language_as_query import LanguageAsQuery
from slvp.models.fusion.vision_as_query import VisionAsQuery

__all__ = ["Fused", "LanguageAsQuery", "VisionAsQuery"]
