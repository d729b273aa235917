"""The question before a pull of weights whose licence forbids commercial use."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from narrated.errors import NarratedError
from narrated.models.licences import forbids_commercial_use
from narrated.printable import printable

if TYPE_CHECKING:
    from narrated.models.pull import PullPlan


def licence_text(licences: Sequence[str]) -> str:
    """Name the licence of a model; two if its repository and the catalogue disagree."""
    return f"licence {printable(' or '.join(licences))}" if licences else "no licence is named"


def ask_for_licence(plan: "PullPlan") -> None:
    """Ask if the licence of new weights forbids commercial use, or nobody knows it.

    Nothing is asked twice.

    Raises NarratedError if the answer is no, or there is nobody to ask.
    """
    problem = _problem(plan)
    if not problem or not plan.missing or plan.is_known_licence:
        return
    repository = plan.entry.repository
    if not sys.stdin.isatty():
        raise NarratedError(
            f"{problem}. Nothing was pulled.",
            f"If you accept it: narrated models pull --accept-licence {repository}",
        )
    click.echo(f"{problem}.", err=True)
    if not click.confirm("Do you accept it?", err=True):
        raise NarratedError(
            f"{repository} was not pulled.",
            "`narrated models list` shows the licences of other models.",
        )


def _problem(plan: "PullPlan") -> str:
    """The reason to ask; empty if there is none."""
    repository = plan.entry.repository
    forbidding = [each for each in plan.licences if forbids_commercial_use(each)]
    if forbidding:
        return (
            f"The licence of {repository}, {printable(forbidding[0])}, forbids commercial use of "
            "the weights, and perhaps of what they speak"
        )
    if not plan.has_unknown_licence:
        return ""
    told = f"says '{printable(plan.licence)}'" if plan.licence else "names none"
    return f"The licence of {repository} is not known: its MODEL_CARD {told}"
