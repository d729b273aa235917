"""The inbox: finds files that are ready, and reports them as events."""
