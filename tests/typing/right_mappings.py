"""Mappings that must type, literal and annotated. Checked by mypy and pyright, never run."""

from datetime import timedelta

from chatkit_async import (
    AsyncChatKit,
    ChatKit,
    ChatSession,
    ChatSessionChatKitConfigurationParam,
    ChatSessionChatKitConfigurationParamDict,
    ChatSessionFileUploadParam,
    ChatSessionWorkflowParam,
    ChatSessionWorkflowParamDict,
    ChatSessionWorkflowTracingParam,
    SessionCreateParams,
)


async def pass_mappings(client: AsyncChatKit, blocking: ChatKit, earlier: ChatSession) -> None:
    """Keys in the API's spelling, each value its class, a mapping, or what came back."""
    workflow: ChatSessionWorkflowParamDict = {"id": "wf", "state_variables": {"plan": "pro", "seats": 3, "beta": True}}
    await client.sessions.create(user="u", workflow=workflow)
    await client.sessions.create(user="u", workflow={"id": "wf", "version": None, "tracing": {"enabled": False}})
    await client.sessions.create(user="u", workflow={"id": "wf", "tracing": ChatSessionWorkflowTracingParam()})
    configuration: ChatSessionChatKitConfigurationParamDict = {
        "file_upload": {"enabled": True, "max_files": 3},
        "history": earlier.chatkit_configuration.history,
    }
    blocking.sessions.create(
        user="u",
        workflow=earlier.workflow,
        chatkit_configuration=configuration,
        expires_after={"anchor": "created_at", "seconds": 60},
        rate_limits={"max_requests_per_1_minute": 5},
    )
    ChatSessionChatKitConfigurationParam(file_upload={"enabled": True}, history=None)
    ChatSessionChatKitConfigurationParam(file_upload=ChatSessionFileUploadParam(enabled=True))
    SessionCreateParams(user="u", workflow={"id": "wf"}, expires_after={"seconds": timedelta(minutes=1)})


async def pass_plain_dicts(client: AsyncChatKit, document: dict[str, object]) -> None:
    """A dict of unknown keys goes through `from_mapping`, or whole in the positional form."""
    await client.sessions.create(user="u", workflow=ChatSessionWorkflowParam.from_mapping(document))
    await client.sessions.create(document)
