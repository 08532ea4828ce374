"""Wrong uses of kinds, each refused by mypy and by pyright: an ignore not needed is itself an error."""

from chatkit_async import ChatKitThread, ChatKitThreadAssistantMessageItem, ChatKitThreadItem


def compare(item: ChatKitThreadItem, thread: ChatKitThread, message: ChatKitThreadAssistantMessageItem) -> None:
    """Tags that no kind has, and fields of other kinds."""
    print(item.type == "chatkit.assistant_mesage")  # type: ignore[comparison-overlap]  # pyright: ignore[reportUnnecessaryComparison]
    print(item.type == "assistant_message")  # type: ignore[comparison-overlap]  # pyright: ignore[reportUnnecessaryComparison]
    print(thread.status.type == "frozen")  # type: ignore[comparison-overlap]  # pyright: ignore[reportUnnecessaryComparison]
    if item.type == "chatkit.assistant_message":
        item.widget  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    if item.type != "unknown":
        item.text  # type: ignore[union-attr]  # pyright: ignore[reportAttributeAccessIssue]
    if thread.status.type == "active":
        thread.status.reason  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    match item.type:
        case "chatkit.widget":
            item.text  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
        case _:
            pass
    message.content[0].annotations  # type: ignore[union-attr]  # pyright: ignore[reportAttributeAccessIssue]
    item.kind  # type: ignore[union-attr]  # pyright: ignore[reportAttributeAccessIssue]
