"""The command line's side of the daemon: requests to it, and the text and bars for a terminal."""
