"""What all tests of the core share."""

# Loaded here and not by its entry point: see addopts in pyproject.toml.
pytest_plugins = ["gluepy.testing.plugin"]
