"""Models of others that are put together: a detector that finds sentences, a segmenter of boxes."""
