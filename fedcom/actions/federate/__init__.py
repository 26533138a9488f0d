"""Who is told of an action, and with which activity.

`recipients` has the table that decides it. `microblogs` has what followers on microblog servers get
in place of activities they do not read: boosts of posts, and the community's own activities.
`report_recipients` says who is told of a report, which is not announced to everyone.
`outgoing` collects the activities of one action and writes them into the outbox.
"""
