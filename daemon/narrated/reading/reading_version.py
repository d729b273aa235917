"""The version of reading: what reads more than before raises it."""

READING_VERSION = 1
"""A post that could not be read by an earlier version is tried again once by this one."""
