"""Tiny data sets in each benchmark's exact layout, to look at and to try commands on."""
