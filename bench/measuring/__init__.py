"""What the programs here measure, and against what."""
