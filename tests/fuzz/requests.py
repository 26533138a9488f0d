"""The requests of one caller: schemathesis makes them from our OpenAPI and checks the answers."""

import copy
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure
from schemathesis.engine import from_schema
from schemathesis.engine.events import NonFatalError, ScenarioFinished
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.generation.case import Case
from schemathesis.hooks import HookContext

from tests.fuzz.scene import Caller, Round, addresses

Json = dict[str, Any]
Phase = Literal["coverage", "fuzzing"]

CHECKS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_headers_conformance", "response_schema_conformance"),
)
"""Not `negative_data_rejection`: like Lemmy, we ignore unknown parameters and read `""` and null as
not given. Not `positive_data_acceptance`: what is well-formed may still be refused.
"""

ENDS_LOGINS = "/user/(logout|delete_account|change_password|leave_admin)$"
"""What only guests call: it would end the login, or the role, that the requests need."""

KNOWN_SHARE = 0.6
"""How often a parameter that we know a value for gets it: most requests reach the database."""

MOST_SHOWN = 600
"""Characters of an answer in a report."""


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: Json) -> None:
    """Send each request from another client."""
    case.headers["X-Forwarded-For"] = next(addresses)


@dataclass(slots=True)
class Outcome:
    """What came back: counts by status, and the faults with how often and the first example."""

    statuses: Counter[int] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        """How many were sent."""
        return self.statuses.total()

    def add(self, other: "Outcome") -> None:
        """Count what another caller got, too."""
        self.statuses.update(other.statuses)
        self.faults.update(other.faults)
        self.examples = other.examples | self.examples

    def note(self, fault: str, example: str) -> None:
        """Count a fault."""
        self.faults[fault] += 1
        self.examples.setdefault(fault, example)


def send(
    document: Json, caller: Caller, around: Round, phase: Phase, *, seed: int, examples: int
) -> Outcome:
    """The outcome of all requests of one phase.

    `coverage` sends each limit and each omission in the document once; `fuzzing` sends about
    `examples` random requests to each operation.
    """
    config = SchemathesisConfig.from_dict(_config(caller, around, phase, seed, examples))
    # schemathesis changes the document.
    schema = schemathesis.openapi.from_dict(copy.deepcopy(document), config=config)
    if caller.token:
        schema = schema.exclude(path_regex=ENDS_LOGINS)

    @schema.hook
    def map_case(_context: HookContext, case: Case) -> Case:
        return _sparing(case, caller, around)

    outcome = Outcome()
    for event in from_schema(schema).execute():
        if isinstance(event, NonFatalError):
            outcome.note(f"schemathesis: {event.label}", str(event.info))
        elif isinstance(event, ScenarioFinished):
            _count(event.recorder, outcome)
    return outcome


def _sparing(case: Case, caller: Caller, around: Round) -> Case:
    """The request, about somebody else if it is about who sends it: admins may not ban, purge or
    dismiss themselves.
    """
    body = case.body
    if isinstance(body, dict) and caller.id and body.get("person_id") == caller.id:
        case.body = {**body, "person_id": around.known["person_id"][-1]}
    return case


def _count(recorder: ScenarioRecorder, outcome: Outcome) -> None:
    for one in recorder.interactions.values():
        outcome.statuses[one.response.status_code if one.response else 0] += 1
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is None:
                continue
            failure: Failure = check.failure_info.failure
            interaction = recorder.interactions.get(case_id)
            answer = interaction.response if interaction else None
            got = f"{answer.status_code} {answer.text[:MOST_SHOWN]}" if answer else "no answer"
            example = f"{check.failure_info.code_sample}\n{got}\n{failure.message}"
            outcome.note(f"{recorder.label}: {check.name}: {failure.title}", example)


def _config(caller: Caller, around: Round, phase: Phase, seed: int, examples: int) -> Json:
    """The settings of schemathesis, as in its configuration file."""
    phases = ("examples", "coverage", "fuzzing", "stateful")
    return {
        "seed": seed,
        "base-url": around.origin,
        "workers": 1,
        "continue-on-failure": True,
        "request-timeout": 60,
        "headers": {"Authorization": f"Bearer {caller.token}"} if caller.token else {},
        "dictionaries": {name: {"values": values} for name, values in around.known.items()},
        "parameters": {
            f"{place}.{name}": {"dictionary": name, "probability": KNOWN_SHARE}
            for name in around.known
            for place in ("query", "body")
        },
        "suppress-health-check": ["all"],
        "generation": {
            "max-examples": examples,
            "database": "none",
            "no-shrink": True,
            "with-security-parameters": False,
        },
        "checks": {"enabled": False} | {name: {"enabled": True} for name in CHECKS},
        "phases": {name: {"enabled": name == phase} for name in phases},
        "warnings": False,
        # Otherwise, what to send again has no tokens and no passwords.
        "output": {"sanitization": {"enabled": False}},
    }
