"""The ActivityPub side: what peers request from us, and the engines' ports.

`discovery` (WebFinger, NodeInfo, host-meta), `documents` (actors, objects, collections,
activities), `threads` (the collections of a conversation), `paging` (of collections), `negotiation`
(page or document?), `listeners` (from the inbox to the actions) with `envelope` (the contents of an
Announce, and how much of them is trusted) and `facts` (the stored facts about them), `undone` (an
Undo that only names its object), `replay` (of activities that prove themselves), `refused` (after
another server has refused an activity), `requester` and `serving` (who requests a document, and how
it is served), `problem_types` (the types of refusals), `ports` (the other ports of inbox and
outbox).
"""
