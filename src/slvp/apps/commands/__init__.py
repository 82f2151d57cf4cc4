"""What the commands do; their options are in ``slvp.apps.cli``."""
