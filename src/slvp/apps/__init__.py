"""What a person touches: overlay pictures and the command line."""
