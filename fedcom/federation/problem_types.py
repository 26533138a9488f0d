"""The types (FEP-c180) of the problems with which the domain refuses peers' activities."""

from typing import Final

from activitypub.problem import (
    ACTOR_NOT_AUTHORIZED,
    OBJECT_DOES_NOT_EXIST,
    RATE_LIMIT_EXCEEDED,
    UNSUPPORTED_TYPE,
    ProblemTypes,
)

TYPES: Final[ProblemTypes] = {
    "unsupported_type": UNSUPPORTED_TYPE,
    "couldnt_find_object": OBJECT_DOES_NOT_EXIST,
    "couldnt_find_person": OBJECT_DOES_NOT_EXIST,
    "couldnt_find_community": OBJECT_DOES_NOT_EXIST,
    "not_the_owner": ACTOR_NOT_AUTHORIZED,
    "rate_limit_error": RATE_LIMIT_EXCEEDED,
}
