"""The story of a narration: taken in, read, written as a script, spoken, recorded, published."""
