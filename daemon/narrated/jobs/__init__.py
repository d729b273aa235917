"""Jobs: each takes one version of a source from ingest to publication."""
