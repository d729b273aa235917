"""What the laptop drops: which files are ready, and how we hear of them."""
