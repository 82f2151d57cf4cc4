"""One small parser per benchmark: its files become Expression records."""
