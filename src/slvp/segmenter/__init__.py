"""(video, sentences) -> masks.

================  ==================================================================================
module            what
================  ==================================================================================
``base``          what all segmenters have in common
``loading``       segmenters by the name of what they ask
``segmenter``     a model of ours, asked once
``grounding``     what grounded segmenters have in common
``grounded``      a model of ours, asked again about what is around a box: the following four
``proposing``     boxes of what the model marks
``linking``       which box of each frame is the object
``viterbi``       the cheapest path through the choices of all frames
``cropping``      the part of a frame around a box, and what was said of it put back
``detected``      models of others: boxes of a detector, linked, and masks of what they hold
``windows``       the model asked window by window, in constant memory
``overlapping``   several windows at a time, on half of the cores each
``trailing``      each frame answered at once, from a window that ends with it
``blending``      answers about windows that overlap, made one
``engines``       what computes the model's answers
``views``         the model asked at one size, mirrored or not
``quality``       how much is done for better masks, and what it costs
``finishing``     from blended logits to masks at the frames' size: all of the following, in order
``following``     agreement along time, by optical flow
``first_masks``   masks that are given, as files and callers have them
``propagation``   objects whose masks are given, followed with or without sentences: the following
``places``        what vision says of each place of a frame
``target``        what an object looks like, fitted as the video goes by
``affinity``      where it was, handed on between places that look alike
``wishes``        what a sentence says to tell its object from others alike
``choosing``      which of several marked pieces is meant
``colours``       what colours an object has, learnt as the video goes by
``specks``        small pieces apart from the object
================  ==================================================================================
"""

from slvp.segmenter.base import BaseSegmenter as BaseSegmenter
from slvp.segmenter.engines import Engine as Engine
from slvp.segmenter.first_masks import FirstMask as FirstMask
from slvp.segmenter.first_masks import FirstMasks as FirstMasks
from slvp.segmenter.loading import load_segmenter as load_segmenter
from slvp.segmenter.loading import refuse_grounding as refuse_grounding
from slvp.segmenter.quality import QUALITIES as QUALITIES
from slvp.segmenter.quality import Quality as Quality
from slvp.segmenter.segmenter import Segmenter as Segmenter

__all__ = [
    "QUALITIES",
    "BaseSegmenter",
    "Engine",
    "FirstMask",
    "FirstMasks",
    "Quality",
    "Segmenter",
    "load_segmenter",
    "refuse_grounding",
]
