"""The progress of checks, in words."""

from narrated.human_formatting import count_noun


def told_checks(listening: int, retakes: int) -> str:
    """Tell how many takes are listened to, and how many were spoken again."""
    told = [f"listening to {count_noun(listening, 'take')}"] if listening else []
    told += [f"{count_noun(retakes, 'take')} spoken again"] if retakes else []
    return ", ".join(told)
