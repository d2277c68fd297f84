"""Runs that were: listed, shown, and held against each other."""
