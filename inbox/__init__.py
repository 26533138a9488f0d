"""A peer speaks: is it true, is it new, and who handles it.

In reading order, which is also the way of an activity:

1. `receive`: the endpoint. Limits, `validate`, gate, verify, a look at the door, keep, 202.
2. `verify`: who really said this (the HTTP signature, and whose key made it).
3. `journal`: the table of what we heard. The unique key is the dedupe; claim, park, close, prune.
   `commits` puts many rows into one transaction, `reads` many reads into one trip.
4. `process`: one journal row from claim to close.
5. `route`: shape of an activity -> its reader; most exact wins.

`engine` ties them together as `Inbox`; `problem` is how it refuses; `ports` is what the host must
give us; `errors` is what its handlers may raise.

Handlers are given to us; the actions in `fedcom/actions/` are what they do. This room does not know
what a community is.
"""
