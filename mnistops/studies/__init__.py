"""Studies: groups of runs over seeds, and what may be said of them."""
