"""The domain's rules as pure functions: permissions, limits and ranking.

In reading order: `names` (of people and communities), `limits` (lengths and characters of texts),
`slurs` (words that the admins do not allow), `front_lists` (of the front page), `ranking` (the key
that lists are sorted by), `permissions` (who may do what), `languages` (of posts),
`lemmy_languages` (the numbers that apps use for them), `links` (which lead to the same page),
`dialects` (what a peer's software understands), `newcomers` (who is new), `time_zones`,
`mail_times` (when mail about notifications is due).
"""
