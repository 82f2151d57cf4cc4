"""Vision, text, fusion, decoder and heads, and the model that composes them."""
