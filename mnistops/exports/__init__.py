"""Trained networks in formats that other tools read, each proven before it is written."""
