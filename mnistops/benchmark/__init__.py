"""How fast the engines train, beside the seed's pipeline and what the machine could do at most."""
