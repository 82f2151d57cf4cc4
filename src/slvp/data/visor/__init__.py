"""From EPIC-KITCHENS VISOR to a benchmark of referring video object segmentation.

The recipe is this project's own; ``docs/visor-rvos.md`` says what it is and why.
"""
