"""narrated reads dropped texts and pictures aloud, on your own machine."""

__version__ = "0.1.0"
__all__ = ["__version__", "pipeline"]

TYPE_CHECKING = False  # as typing's, without the time that its import takes
if TYPE_CHECKING:
    from narrated.pipelines.factory import pipeline
else:

    def __getattr__(name: str) -> object:
        """`narrated.pipeline`, imported when it is first asked for: the daemon needs none of it."""
        if name != "pipeline":
            raise AttributeError(f"module 'narrated' has no attribute '{name}'")
        from narrated.pipelines.factory import pipeline

        return pipeline
