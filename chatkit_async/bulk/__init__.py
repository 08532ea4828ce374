"""Jobs over many threads: archive, erase, retain, move; each exact, resumable, and proved by listing the threads again.

    from chatkit_async.bulk import Archive, archive

    report = await archive(client, "threads.chatkit")
    with Archive("threads.chatkit") as held:
        for thread in held.threads():
            print(thread.title, sum(1 for _ in held.items(thread.id)))

Every name is imported when it is first used.
"""

from typing import TYPE_CHECKING, Any

from ._exports import MODULE_OF

# The public names: a new one is imported here, and the generator of `_sync` writes its row in `_exports`.
if TYPE_CHECKING:
    from ._archive import archive as archive
    from ._erase import erase as erase
    from ._erase import erase_user as erase_user
    from ._erase import retain as retain
    from ._reader import Archive as Archive
    from ._reader import ArchiveInfo as ArchiveInfo
    from ._reports import ArchiveProblem as ArchiveProblem
    from ._reports import ArchiveReport as ArchiveReport
    from ._reports import ConversionReport as ConversionReport
    from ._reports import EraseReport as EraseReport
    from ._reports import EraseUserReport as EraseUserReport
    from ._reports import Progress as Progress
    from ._reports import ThreadErasure as ThreadErasure
    from ._reports import ThreadFailure as ThreadFailure
    from ._reports import VerifyReport as VerifyReport
    from ._server.arguments import load_context_for as load_context_for
    from ._server.arguments import load_store as load_store
    from ._server.check_store import check_store as check_store
    from ._server.migrate import ThreadSource as ThreadSource
    from ._server.migrate import migrate as migrate
    from ._server.report import Loss as Loss
    from ._server.report import MigrationReport as MigrationReport
    from ._server.report import StoreFinding as StoreFinding
    from ._server.report import StoreReport as StoreReport
    from ._server.report import ThreadMigration as ThreadMigration

__all__ = [*MODULE_OF]  # noqa: PLE0604 # pyright: ignore[reportUnsupportedDunderAll]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module  # noqa: PLC0415 - a reader of archives needs no erasing, and no network

        value = getattr(import_module(f".{MODULE_OF[name]}", __name__), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *MODULE_OF})
