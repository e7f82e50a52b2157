"""Plugins: what installed distributions contribute, and the hooks that they implement."""
