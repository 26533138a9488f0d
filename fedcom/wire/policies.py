"""An author's `interactionPolicy`: who may do what with a post or comment.

GoToSocial 0.17 and later (https://gotosocial.org/ns); Mastodon 4.5 has `canQuote` of it. Anything
not mentioned is allowed.
"""

from dataclasses import dataclass

from activitypub.document import Document
from activitypub.iri import PUBLIC


@dataclass(frozen=True, slots=True)
class Restrictions:
    """The actions that an author forbids, as far as they are possible here."""

    no_replies: bool = False
    no_boosts: bool = False


UNRESTRICTED = Restrictions()


def restrictions_in(document: Document) -> Restrictions:
    """The restrictions of a peer's post or comment.

    Replies, if only the author is permitted: followers and mentions are not known here, and people
    who need approval may ask for it. Boosts by a community, unless everyone may boost without
    asking.
    """
    reply, boost = document.approvals("canReply"), document.approvals("canAnnounce")
    return Restrictions(
        no_replies=reply is not None and not {*reply.automatic, *reply.manual} - {document.owner},
        no_boosts=boost is not None and PUBLIC not in boost.automatic,
    )
