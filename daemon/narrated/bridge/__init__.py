"""The bridge to a cluster: its workers behind a UNIX socket. The daemon imports none of it."""
