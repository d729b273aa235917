"""Models on this machine: catalogue, download from the hub, lockfile, verification, removal."""
