"""Configs, losses, objectives and the one training loop."""
