"""ActivityPub's side of the house: what peers ask of us and say to us.

`discovery` (WebFinger, NodeInfo, host-meta), `documents` (actors, objects, collections,
activities), `threads` (the collections of a conversation), `paging` (of collections), `negotiation`
(page or document?), `listeners` (from the inbox to the actions) with `envelope` (what is inside an
Announce, and what of it is believed) and `facts` (what is known of it), `problem_types` (how
refusals are typed), `ports` (the rest of what inbox and outbox asked for).
"""
