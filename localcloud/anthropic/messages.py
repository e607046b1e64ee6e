"""The local stand-in for Anthropic's Messages API: same shape and same refusals, and an answer that says what it is.

Source: Anthropic's public API reference (Messages, Errors), read in 2026. Streaming is not implemented and says so.
"""

import secrets
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from localcloud.api_error import ApiError

_LONGEST_QUOTE = 200  # characters of the question that the answer repeats


class AnthropicError(ApiError):
    """A refusal in the API's form."""

    type: ClassVar[str]

    def body(self) -> dict[str, Any]:
        """Give the error object."""
        return {"type": "error", "error": {"type": self.type, "message": self.message}}


class AuthenticationError(AnthropicError):
    """No API key."""

    status, type = 401, "authentication_error"


class InvalidRequestError(AnthropicError):
    """A header or the body is not what the API asks for."""

    status, type = 400, "invalid_request_error"


class NotImplementedByLocalCloudError(AnthropicError):
    """A part of the API that the stand-in does not have."""

    status, type = 501, "not_implemented_error"


class _Block(BaseModel):
    model_config = ConfigDict(extra="allow")

    type: str
    text: str = ""


class _Message(BaseModel):
    role: Literal["user", "assistant"]
    content: str | list[_Block]

    def text(self) -> str:
        if isinstance(self.content, str):
            return self.content
        return "\n".join(block.text for block in self.content if block.type == "text")


class _MessagesRequest(BaseModel):
    model: Annotated[str, Field(min_length=1)]
    max_tokens: Annotated[int, Field(ge=1, strict=True)]
    messages: Annotated[list[_Message], Field(min_length=1)]
    stream: bool = False


def routes() -> list[Route]:
    """Give the route of the stand-in; any API key is accepted, since there is no account behind it."""
    return [Route("/anthropic/v1/messages", _create_message, methods=["POST"])]


async def _create_message(request: Request) -> Response:
    if not request.headers.get("x-api-key"):
        raise AuthenticationError("x-api-key header is required")
    if not request.headers.get("anthropic-version"):
        raise InvalidRequestError("anthropic-version: header is required")
    try:
        asked = _MessagesRequest.model_validate(await request.json())
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidRequestError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except ValueError:
        raise InvalidRequestError("The request body is not valid JSON") from None
    if asked.stream:
        raise NotImplementedByLocalCloudError("stream: true is not implemented by the local cloud")
    return JSONResponse(_answer(asked), headers={"request-id": f"req_{secrets.token_hex(12)}"})


def _answer(asked: _MessagesRequest) -> dict[str, Any]:
    """Make the answer; the same question gives the same one, cut to `max_tokens` words."""
    question = asked.messages[-1].text()
    words = f"I am the local stand-in for {asked.model}, no model at all. You wrote: {question[:_LONGEST_QUOTE]}".split(
        " "
    )
    complete = len(words) <= asked.max_tokens
    return {
        "id": f"msg_{sha256(asked.model_dump_json().encode()).hexdigest()[:24]}",
        "type": "message",
        "role": "assistant",
        "model": asked.model,
        "content": [{"type": "text", "text": " ".join(words[: asked.max_tokens])}],
        "stop_reason": "end_turn" if complete else "max_tokens",
        "stop_sequence": None,
        "usage": {
            "input_tokens": sum(len(message.text().split()) for message in asked.messages),
            "output_tokens": min(len(words), asked.max_tokens),
        },
    }
