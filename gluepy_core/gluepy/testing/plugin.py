"""The pytest plugin of Gluepy, which pytest finds by its entry point."""
