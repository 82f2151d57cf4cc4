"""``slvp web``: the segmenter as a page and an HTTP API, on Gradio."""
