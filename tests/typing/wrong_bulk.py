"""Uses of `migrate` and `check_store` that must be refused: an ignore that is not needed is itself an error."""

from chatkit.store import Store

from chatkit_async.bulk import MigrationReport, blocking, check_store, migrate


def context_for_two(user: str | None, request: object) -> None:
    """It takes more than the user."""


def context_for_some(user: str) -> str:
    """It does not take None."""
    return user


async def move(store: Store[str]) -> None:
    """Arguments that do not fit."""
    await migrate("threads.chatkit", store)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await migrate("a", store, str)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await migrate("a", store, context_for=context_for_two)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await migrate("a", store, context_for=context_for_some)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await migrate("a", store, context_for=str, ids="new")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await migrate("a", store, context_for=str, times="local ")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await migrate(7, store, context_for=str)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await check_store(store, attachments="keep")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    migrate("a", store, context_for=str)  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]


async def move_blocking(store: Store[str], report: MigrationReport) -> None:
    """What is there already is not awaited, and a report is not changed."""
    await blocking.migrate("a", store, context_for=str)  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    report.stopped = "never"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
