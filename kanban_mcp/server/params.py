"""The arguments that tools share. `examples` are texts for refusals only; they never reach a schema.

Clients fill flat arguments best, and models send lists and objects as JSON text now and then: both are accepted.
"""

import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def from_json_text(value: Any) -> Any:
    """Read a list or object that was sent as JSON text; anything else is left for the validation to judge."""
    if not isinstance(value, str) or not value.lstrip().startswith(("[", "{")):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def one_or_many(value: Any) -> Any:
    """Read a list of texts: a plain text alone means a list of one."""
    value = from_json_text(value)
    return [value] if isinstance(value, str) and value.strip() else value


_Texts = Annotated[Sequence[str], BeforeValidator(one_or_many)]
_ID = ['"TASK-001"']

OwnTask = Annotated[str | None, Field(examples=_ID)]
ShownTask = Annotated[str | None, Field(description="Default: the task you hold", examples=_ID)]
AnyTask = Annotated[str, Field(examples=_ID)]
ClaimedTask = Annotated[str | None, Field(examples=_ID)]
OwnRun = Annotated[str | None, Field(examples=['"run-31"'])]

Title = Annotated[str, Field(examples=['"Write the parser"'])]
NewTitle = Annotated[str | None, Field(examples=['"Write the parser"'])]
Role = Annotated[str | None, Field(description="Role", examples=['"implementer"'])]
MyRole = Annotated[str | None, Field(description="Your role; default: this session's", examples=['"implementer"'])]
SomeRole = Annotated[str | None, Field(examples=['"implementer"'])]
State = Annotated[str | None, Field(examples=['"ready"'])]
Limit = Annotated[int, Field(ge=1, le=200, examples=["50"])]
PriorityWord = Literal["urgent", "high", "normal", "low"]
Priority = Annotated[PriorityWord, Field(examples=['"normal"'])]
NewPriority = Annotated[PriorityWord | None, Field(examples=['"normal"'])]
Context = Annotated[str, Field(description="All a fresh worker needs", examples=['"In src/parser.py: …"'])]
NewContext = Annotated[str | None, Field(examples=['"In src/parser.py: …"'])]
Parents = Annotated[_Texts, Field(examples=['["TASK-001"]'])]
RelationWord = Literal["auto", "after", "part_of"]
Relation = Annotated[
    RelationWord,
    Field(
        description="after: starts when parents are done; part_of: subtask, parent completes after it; "
        "auto: part_of under a task you hold, else after",
        examples=['"after"'],
    ),
]
LinkRelation = Annotated[Literal["after", "part_of"], Field(examples=['"after"'])]
_CHECKS = "Checks: cmd:pytest -q, file:PATH, url:URL, or plain text that a judge reads"
Acceptance = Annotated[_Texts, Field(description=_CHECKS, examples=['["cmd:pytest -q", "file:docs/parser.md"]'])]
NewAcceptance = Annotated[_Texts | None, Field(examples=['["cmd:pytest -q"]'])]
Key = Annotated[str | None, Field(examples=['"plan-7-parser"'])]
Triage = Annotated[bool, Field(description="Only a rough idea", examples=["true"])]

RetryNote = Annotated[str, Field(examples=['"The API works again"'])]
DecisionNote = Annotated[str, Field(examples=['"Copy the backup off this disk first"'])]
Doing = Annotated[str | None, Field(description="What you are doing now", examples=['"Running the tests"'])]
ExpectS = Annotated[
    int, Field(ge=0, le=1800, description="A command this long follows: the lease lasts for it", examples=["600"])
]
Wait = Annotated[int, Field(ge=0, le=45, examples=["45"])]
ClaimWait = Annotated[int, Field(ge=0, le=45, description="Wait for work", examples=["30"])]
LongWait = Annotated[int, Field(ge=0, le=540, description="Above 45 only where your client allows it", examples=["45"])]

BlockReason = Annotated[
    str, Field(description="needs_input: a question a person can answer", examples=['"Which API?"'])
]
BlockKind = Annotated[
    Literal["needs_input", "capability", "dependency", "transient"] | None,
    Field(description="Default: inferred", examples=['"needs_input"']),
]
Options = Annotated[_Texts | None, Field(examples=['["v1", "v2"]'])]
Default = Annotated[str | None, Field(description="Taken if nobody answers", examples=['"v1"'])]
Until = Annotated[str | None, Field(description="For transient: ISO time or 30m", examples=['"30m"'])]

Summary = Annotated[
    str,
    Field(description="What changed, how you know it works", examples=['"Parser reads nested lists; 14 tests pass"']),
]
Metadata = Annotated[dict[str, Any] | None, BeforeValidator(from_json_text), Field(examples=['{"verdict": "pass"}'])]
Evidence = Annotated[
    Sequence[dict[str, Any]],
    BeforeValidator(from_json_text),
    Field(
        description="{kind:file,path} {kind:commit,sha} {kind:command,run,exit_code} {kind:url,url,status}",
        examples=['[{"kind": "commit", "sha": "8d02e1f"}]'],
    ),
]
Step = Annotated[str, Field(description="The exact step", examples=['"Drop column users.legacy_id"'])]
Risk = Annotated[str, Field(description="Risk, backup, undo", examples=['"Backup of 10:00 exists"'])]
Flag = Annotated[bool, Field(examples=["true"])]
Retry = Annotated[bool, Field(examples=["false"])]
Subtree = Annotated[bool, Field(description="Also what waits after it", examples=["true"])]
Body = Annotated[str, Field(examples=['"The API changed: see docs/api.md"'])]
FailReason = Annotated[
    str, Field(description="What you tried, why it cannot work", examples=['"The API has no such call"'])
]

DryRun = Annotated[bool, Field(description="Only check", examples=["true"])]
NewTriage = Annotated[bool | None, Field(description="false: it is specified, queue it", examples=["false"])]
Verify = Annotated[str | None, Field(description="verifier, or empty", examples=['"verifier"'])]
Review = Annotated[str | None, Field(description="human, or empty", examples=['"human"'])]
DueAt = Annotated[str | None, Field(description="ISO time or 30m", examples=['"2026-05-01T14:00:00Z"'])]
Attempts = Annotated[int | None, Field(ge=1, le=100, examples=["3"])]
Parent = Annotated[str, Field(examples=_ID)]
Answer = Annotated[str, Field(examples=['"Use v2"'])]
Why = Annotated[str, Field(examples=['"Superseded by TASK-020"'])]
Watched = Annotated[_Texts, Field(description="Default: all that are not ended", examples=['["TASK-001", "TASK-002"]'])]
WaitFor = Annotated[
    Literal["attention", "terminal"],
    Field(
        description="attention: one needs somebody, or all ended; terminal: all ended",
        examples=['"attention"'],
    ),
]


class PlannedTask(BaseModel):
    # No docstring: pydantic would put it into the schema. `after` and `part_of` take refs of this plan or ids.
    model_config = ConfigDict(extra="forbid")

    ref: Annotated[str, Field(description="Your name for it", examples=['"parser"'])]
    title: Title
    assignee: SomeRole = None
    after: Annotated[_Texts, Field(description="refs or ids", examples=['["schema"]'])] = ()
    part_of: Annotated[_Texts, Field(examples=['["auth"]'])] = ()
    context: Annotated[str, Field(examples=['"In src/parser.py: …"'])] = ""
    priority: Priority = "normal"
    acceptance: Annotated[_Texts, Field(examples=['["cmd:pytest -q"]'])] = ()


Plan = Annotated[
    list[PlannedTask],
    BeforeValidator(from_json_text),
    Field(min_length=1, examples=['[{"ref": "a", "title": "Write the parser"}]']),
]
