"""What bench/daemon.py measures, and against what."""
