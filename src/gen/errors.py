"""Every exception that gen raises, and the exit code each one means.

    GenError                    anything below; carries `hint`, what to do about it
    ├── BadRequest              the request cannot be met; nothing was written            exit 2
    │   ├── SchemaError         a model, field or bound that gen cannot turn into a table
    │   ├── CapacityError       more distinct values asked than exist
    │   ├── ReferenceError      a foreign key whose target is missing or unusable
    │   ├── TargetError         the place to write to is taken, full or forbidden
    │   └── ClusterError        a scheduler that does not answer
    └── RunError                the run stopped before the end; the same command resumes  exit 1
        ├── TargetFull          the disk filled up, or went away, while writing
        └── ValuesChanged       a worker computes other values than the plan promises

A message says where, what was found and what was expected; `hint` says what to do. The facts behind the
message are attributes, so that a caller never parses text.
"""

from __future__ import annotations


class GenError(Exception):
    """Root of every error that gen raises on purpose. `hint` is one sentence: what to do about it."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.facts = facts

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments do not survive the default pickling; errors cross process borders.
        return (_restore, (type(self), self.message, self.hint, self.facts))

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def reason(self, where: str) -> str:
        """The message inside another sentence about the same place."""
        return self.message.removeprefix(f"{where}: ").removesuffix(".")


def _restore(kind: type[GenError], message: str, hint: str, facts: dict[str, object]) -> GenError:
    return kind(message, hint=hint, **facts)


class BadRequest(GenError):
    """The request cannot be met as it stands. Nothing was written; correct it and run again."""

    exit_code = 2


class SchemaError(BadRequest):
    """A schema file, model, field or bound that gen cannot turn into a table."""


class CapacityError(BadRequest):
    """More distinct values are asked for than the column's domain holds. Facts: table, column, asked, available."""


class ReferenceError(BadRequest):  # noqa: A001 - the field's standard term; always used as errors.ReferenceError
    """A foreign key whose target does not exist or cannot be referred to. Facts: table, column, target."""


class TargetError(BadRequest):
    """The place to write to holds something else, has no room, or may not be written."""


class ClusterError(BadRequest):
    """A scheduler that does not answer, or that has no workers."""


class RunError(GenError):
    """The run stopped before every row was there. The same command resumes it."""


class TargetFull(RunError):
    """The place to write to ran out of space, or could not be written, while the run was under way."""


class ValuesChanged(RunError):
    """A worker computes other values than the plan promises: other user code, library or platform there."""
