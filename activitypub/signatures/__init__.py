"""Signatures: who sent this request, and who wrote this document.

In reading order:

keys        RSA and Ed25519 keys: parsed once; weak ones are refused
multikey    keys as a line of text (FEP-521a), and base58
structured  structured fields (RFC 9651): the syntax of RFC 9421 and RFC 9530
digest      Digest and Content-Digest: does the body match the headers?
cavage      draft-cavage-http-signatures-12 as the fediverse uses it
rfc9421     HTTP Message Signatures
accept      Accept-Signature: how a server says that it takes Ed25519
request     the entry point: `examine` incoming requests, `sign` outgoing ones
integrity   proofs in documents (FEP-8b32), which outlive the request
"""
