"""HTTP signatures: who sent this request.

In reading order:

keys     RSA keys: parsed once, weak ones refused
digest   the Digest header: does the body belong to the head?
cavage   draft-cavage-http-signatures-12 as the fediverse uses it
request  the front door: `verify` whichever signature came, `sign` what we send
"""
