"""Receives activities from peers: verifies them, drops duplicates, and passes them to handlers.

In reading order, which is also the path of an activity:

1. `receive`: the endpoint. Limits, `validate`, gate, verify, check, store, 202.
2. `verify`: who sent the request (the HTTP signature, and whose key made it).
3. `journal`: the table of received activities; its unique key makes duplicates visible.
   `claims` hands its rows to workers, `commits` puts many rows into one transaction,
   `batch_reads` many reads into one trip to the database.
4. `process`: one journal row from claim to close.
5. `route`: finds the reader for the shape of an activity; the most specific one wins.

`engine` ties them together as `Inbox`; `body` reads a request, `throttle` keeps bad ones cheap, and
`backlogs` bounds what waits of one host; `problem` words refusals; `ports` is what the host must
provide; `errors` is what its handlers may raise; `health` measures how the work is going.

Handlers come from the host; in Fedcom they run the actions in `fedcom/actions/`. Nothing here knows
what activities are about.
"""
