"""Plays the conformance scenarios on the Python package, on nothing but its public API."""
