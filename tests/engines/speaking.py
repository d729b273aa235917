"""A voice's engine as a worker has it: warm, asked for texts, brought on step by step."""

from narrated.engines.interface import ProgressReport, SpeechResult


def warmed(engine):
    """With its models' weights read."""
    for model in engine.models:
        model.warm()
    return engine


def came_of(engine, *requests):
    """The outcome of each request, and the progress that was told."""
    for request in requests:
        engine.admit(request)
    out, told = {}, []
    while len(out) < len(requests):
        for outcome in engine.step():
            if isinstance(outcome, ProgressReport):
                told.append(outcome)
            else:
                assert outcome.id not in out, "one outcome for each request"
                out[outcome.id] = outcome
    return [out[request.id] for request in requests], told


def sound_of(engine, request):
    """The sound of it alone."""
    (outcome,), _ = came_of(engine, request)
    assert isinstance(outcome, SpeechResult), outcome
    return outcome.pcm
