"""Every way to tell kinds apart must narrow, under mypy and pyright, strict. Checked by both, never run."""

from typing import Literal, assert_never, assert_type

from chatkit_async import (
    AsyncChatKit,
    ChatKitClientToolCallItem,
    ChatKitFileAnnotation,
    ChatKitInputText,
    ChatKitQuotedText,
    ChatKitResponseOutputText,
    ChatKitTaskGroupItem,
    ChatKitTaskItem,
    ChatKitThread,
    ChatKitThreadAssistantMessageItem,
    ChatKitThreadItem,
    ChatKitThreadStatus,
    ChatKitThreadUserMessageItem,
    ChatKitURLAnnotation,
    ChatKitWidgetItem,
    UnknownAnnotation,
    UnknownContent,
    UnknownThreadItem,
    UnknownThreadStatus,
)


async def filter_by_type(client: AsyncChatKit) -> list[str]:
    """As one writes it with the official client."""
    items = await client.threads.list_items("cthr_1").collect()
    texts = [item.text for item in items if item.type == "chatkit.assistant_message"]
    async for item in client.threads.list_items("cthr_1"):
        if item.type == "chatkit.assistant_message":
            assert_type(item, ChatKitThreadAssistantMessageItem)
            texts.append(item.text)
        elif item.type == "chatkit.user_message":
            assert_type(item, ChatKitThreadUserMessageItem)
            texts += [attachment.name for attachment in item.attachments]
        elif item.type == "unknown":
            assert_type(item, UnknownThreadItem)
            texts.append(item.kind)
    return texts


def compare_item(item: ChatKitThreadItem) -> str:
    """Each tag leads to its class; what is left at the end is nothing."""
    if item.type == "chatkit.user_message":
        return item.text
    if item.type == "chatkit.assistant_message":
        return item.text
    if item.type == "chatkit.widget":
        assert_type(item, ChatKitWidgetItem)
        return item.widget
    if item.type == "chatkit.client_tool_call":
        assert_type(item, ChatKitClientToolCallItem)
        return item.name
    if item.type == "chatkit.task":
        assert_type(item, ChatKitTaskItem)
        return item.heading or ""
    if item.type == "chatkit.task_group":
        assert_type(item, ChatKitTaskGroupItem)
        return str(len(item.tasks))
    assert_type(item, UnknownThreadItem)
    return item.kind


def exclude_by_type(item: ChatKitThreadItem) -> str | None:
    """`!=` and `in` narrow, too."""
    if item.type != "chatkit.assistant_message":
        return None
    assert_type(item, ChatKitThreadAssistantMessageItem)
    return item.text


def match_item_type(item: ChatKitThreadItem) -> str:
    """`match item.type` narrows the item."""
    match item.type:
        case "chatkit.user_message":
            return item.text
        case "chatkit.assistant_message":
            return item.content[0].type
        case "chatkit.widget":
            return item.widget
        case "chatkit.client_tool_call":
            return item.arguments
        case "chatkit.task":
            return item.summary or ""
        case "chatkit.task_group":
            return str(item.tasks)
        case "unknown":
            return item.kind


def match_item_class(item: ChatKitThreadItem) -> str:
    """Class patterns take the tag as an attribute, too."""
    match item:
        case ChatKitThreadUserMessageItem(type="chatkit.user_message", content=content):
            return str(len(content))
        case ChatKitThreadAssistantMessageItem(text=text):
            return text
        case UnknownThreadItem(kind=kind):
            assert_type(kind, str)
            return kind
        case _:
            return item.id


def compare_status(thread: ChatKitThread) -> str | None:
    """The tag of a status, through the thread that holds it."""
    if thread.status.type == "locked":
        return thread.status.reason
    if thread.status.type == "closed":
        return thread.status.reason
    if thread.status.type == "unknown":
        return thread.status.kind
    tag: Literal["active"] = thread.status.type
    return tag


def match_status_type(status: ChatKitThreadStatus) -> str | None:
    """`match` on the tag of a status is exhaustive."""
    match status.type:
        case "active":
            return None
        case "locked" | "closed":
            return status.reason
        case "unknown":
            assert_type(status, UnknownThreadStatus)
            return status.kind
        case _:
            assert_never(status.type)


def read_contents(user: ChatKitThreadUserMessageItem, assistant: ChatKitThreadAssistantMessageItem) -> None:
    """Blocks and their annotations."""
    for block in user.content:
        if block.type == "input_text":
            assert_type(block, ChatKitInputText)
        elif block.type == "quoted_text":
            assert_type(block, ChatKitQuotedText)
        else:
            assert_type(block, UnknownContent)
    for part in assistant.content:
        if part.type == "output_text":
            assert_type(part, ChatKitResponseOutputText)
            for annotation in part.annotations:
                if annotation.type == "file":
                    assert_type(annotation, ChatKitFileAnnotation)
                    print(annotation.source.filename)
                elif annotation.type == "url":
                    assert_type(annotation, ChatKitURLAnnotation)
                    print(annotation.source.url)
                else:
                    assert_type(annotation, UnknownAnnotation)
                    print(annotation.kind)
