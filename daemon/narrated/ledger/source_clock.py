"""The clock of sources' ages: it goes while a daemon runs, whatever is done to the system's clock.

It is the wall clock less all its steps so far. So a clock that is set costs one row, however many
sources are gone.
"""

STEPS = "coalesce((SELECT at FROM moments WHERE name = 'steps'), 0)"
"""SQL: the sum of the steps in seconds."""
AT = f"(? - {STEPS})"
"""SQL: a time of the wall clock as this clock has it."""
STEP = (
    "INSERT INTO moments VALUES ('steps', ?) ON CONFLICT (name) DO UPDATE SET at = at + excluded.at"
)
"""SQL: add a step in seconds."""
