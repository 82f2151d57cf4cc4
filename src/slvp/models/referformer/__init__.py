"""ReferFormer in plain PyTorch: the baseline, which loads the published checkpoints.

After Wu, Jiang, Sun, Yuan and Luo, "Language as Queries for Referring Video Object Segmentation",
CVPR 2022. The same weights give the same answers as the authors' code, without its compiled op.

===================  ==============================================================================
module               what
===================  ==============================================================================
``config``           what a model is made of
``resnet``, ``swin`` backbones as published; ``window_attention`` is Swin's
``backbones``        which backbone has which name
``words``            RoBERTa, or a named encoder: sentence to words
``positions``        sine and cosine of places
``deformable``       multi-scale deformable attention
``transformer``      encoder and decoder: queries to boxes
``pixel_decoder``    cross-modal feature pyramid: pixels at stride 4
``dynamic_masks``    each query's own small convolution over the pixels
``flow_head``        the same masks as moving layers, for SLVP pre-training (ours)
``records``          what is seen in a clip, and what queries say
``model``            composes them
``published``        what the authors call their tensors, and what we do
===================  ==============================================================================

Beside the letters of :mod:`slvp.types`: F, frames of all that is asked (for each sentence those of
its clip); P, places of all levels of a frame; V, levels; M, heads of an attention; K, points that
a head samples in a level.
"""
