"""What was asked, how far it is, and the sound already spoken."""
