"""Signatures: who sent this request, and who wrote this document.

In reading order:

keys        RSA and Ed25519 keys: parsed once, weak ones refused
multikey    keys as one line of text (FEP-521a), and base58
structured  structured fields (RFC 9651): the syntax of RFC 9421 and RFC 9530
digest      Digest and Content-Digest: does the body belong to the head?
cavage      draft-cavage-http-signatures-12 as the fediverse uses it
rfc9421     HTTP Message Signatures
request     the front door: `examine` whichever signature came, `sign` what we send
integrity   proofs in documents (FEP-8b32), which outlive the request that brought them
"""
