"""The errors that a user can mend. Their text is one sentence that names the problem and the cure."""


class KitError(Exception):
    """All that the kit refuses or cannot do; each room has kinds of its own below it."""


class UsageError(KitError, ValueError):
    """A function or a command was asked for what there is not, or in a way that makes no sense."""


class TrainingError(KitError):
    """Training cannot start or go on; the message says why and what to do."""
