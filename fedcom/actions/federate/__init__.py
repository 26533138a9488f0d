"""Who is told of an action, and in which words.

`tell` holds the table of who is told. `microblogs` is what followers on microblogs get in place of
what they do not read: boosts of posts, and words in the community's own name. `outgoing` collects
what one action says, and writes it into the outbox.
"""
