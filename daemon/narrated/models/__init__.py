"""The models on this box: which there are, fetched whole and held to what was fetched first."""
