"""Studies: the paper's claims asked of this package's own models and data, by one command each."""
