"""What annotators may give instead of masks: boxes, points, the first frame's mask, or nothing."""
