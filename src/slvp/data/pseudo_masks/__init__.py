"""Pseudo masks: what weak labels, flow, colour and a model say together of an object's mask.

================  ==================================================================================
module            what
================  ==================================================================================
``scene``         some frames of a video, small, and how things move in them
``priors``        what a label says of each pixel
``evidence``      what colours and motion say, learnt from all frames together
``outlining``     outlines by GrabCut, kept where they agree with the label
``making``        all of the above, in order: a video to its pseudo masks
``store``         on disk, video by video
================  ==================================================================================

After "Weakly Supervised Referring Video Object Segmentation With Object-Centric Pseudo-Guidance"
(Wang et al., TMM 2024), of which the abstract is what we know: points and boxes instead of masks,
pseudo masks around objects as priors of shape, several online stages. How they are made is our own
choice.
"""
