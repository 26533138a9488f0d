"""Page or document? The same address serves both, by what the request accepts."""

from starlette.datastructures import Headers

from fedcom.http.accepting import PAGE_TYPES, heaviest, weights

ACTIVITY_TYPES = ("application/activity+json", "application/ld+json", "application/json")
JSON_TYPE = "application/activity+json; charset=utf-8"


def wants_activity(headers: Headers) -> bool:
    """Whether a GET prefers an ActivityPub document to a page.

    A browser names text/html; servers name one of the activity types, Lemmy and Mastodon without a
    weight, GoToSocial with one. A request that accepts anything gets a page.
    """
    accepted = weights(headers)
    activity = heaviest(accepted, ACTIVITY_TYPES)
    return activity > 0 and activity >= heaviest(accepted, PAGE_TYPES)


def takes_activity(headers: Headers) -> bool:
    """Whether a document may be sent where there is no page: not if the request accepts only other
    types. People who follow a link in a browser may see it.
    """
    accepted = weights(headers)
    kinds = (*ACTIVITY_TYPES, *PAGE_TYPES, "*/*", "application/*")
    return not accepted or heaviest(accepted, kinds) > 0
