"""Who may do what with a post or comment, as its author says: `interactionPolicy`.

GoToSocial 0.17 and later (https://gotosocial.org/ns); Mastodon 4.5 has `canQuote` of it. What is
not mentioned is allowed.
"""

from dataclasses import dataclass

from activitypub.document import Document
from activitypub.iri import PUBLIC


@dataclass(frozen=True, slots=True)
class Restrictions:
    """What an author does not allow others, as far as somebody here could do it."""

    no_replies: bool = False
    no_boosts: bool = False


UNRESTRICTED = Restrictions()


def restrictions_in(document: Document) -> Restrictions:
    """What a peer's post or comment does not allow.

    Answers, when nobody but the author is named; who follows or is mentioned is not known here, and
    who needs approval may ask for it. Boosts by a community, unless everybody may without asking.
    """
    reply, boost = document.approvals("canReply"), document.approvals("canAnnounce")
    return Restrictions(
        no_replies=reply is not None and not {*reply.automatic, *reply.manual} - {document.owner},
        no_boosts=boost is not None and PUBLIC not in boost.automatic,
    )
