"""The rules of the house as pure functions: what is allowed, how long it may be, what comes first.

In reading order: `names` (of people and communities), `limits` (lengths and shapes of what is
written), `ranking` (the key that lists are sorted by), `permissions` (who may do what).
"""
