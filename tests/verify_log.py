#!/usr/bin/env python3
"""Checks an exported log against a signed checkpoint, or a proof of either kind, with nothing of Stage's.

docs/audit.md shows how. Needs the package rfc8785 from PyPI; all else is Python's own.
"""

import argparse, hashlib, json, sys
from base64 import b64decode

import rfc8785

def sha256(data):
    return hashlib.sha256(data).digest()

def leaf(event):
    """The leaf of one line of an export (RFC 6962, section 2.1)."""
    payload = event.get("redacted") or sha256(rfc8785.dumps(event["payload"])).hex()
    members = ("position", "stream_type", "stream_id", "sequence", "type", "version", "time")
    canonical = {name: event[name] for name in members}
    canonical |= {"payload": payload, "metadata": sha256(rfc8785.dumps(event["metadata"])).hex()}
    return sha256(b"\x00" + rfc8785.dumps(canonical))

def told(events):
    """Fails where a payload is gone and no later event of its stream tells of that."""
    last = {event["stream_id"]: event["position"] for event in events if event["type"] == "PostRedacted"}
    for event in events:
        can = event["type"] in ("PostImported", "PostRevised") and event["position"] < last.get(event["stream_id"], 0)
        "redacted" in event and (can or sys.exit(f"nothing tells why event {event['position']} was emptied"))

def node(left, right):
    return sha256(b"\x01" + left + right)

def root(leaves):
    """The head of the tree over these leaves: complete subtrees are kept as (size, hash) and joined from the right."""
    peaks = []
    for hash in leaves:
        size = 1
        while peaks and peaks[-1][0] == size:
            hash, size = node(peaks.pop()[1], hash), size * 2
        peaks.append((size, hash))
    hash = peaks.pop()[1]
    while peaks:
        hash = node(peaks.pop()[1], hash)
    return hash

def climb(index, last, path, old, new):
    """Where a proof of either kind leads to (RFC 9162, sections 2.1.3.2 and 2.1.4.2)."""
    for hash in path:
        last or sys.exit("the proof is too long")
        if index % 2 or index == last:
            old, new = node(hash, old), node(hash, new)
            while index and index % 2 == 0:
                index, last = index // 2, last // 2
        else:
            new = node(new, hash)
        index, last = index // 2, last // 2
    return (old, new) if last == 0 else sys.exit("the proof is too short")

def consistent(first, size, old, path):
    """Both roots, as the proof has them: of the first so many events, and of all."""
    old, *path = path if first & (first - 1) else [old, *path]
    index, last = first - 1, size - 1
    while index % 2:
        index, last = index // 2, last // 2
    return climb(index, last, path, old, old)

# Ed25519 (RFC 8032), verifying alone.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
I = pow(2, (P - 1) // 4, P)

def point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * I % P
    if y >= P or x * x % P != square or (x == 0 and sign):
        sys.exit("not a point of the curve")
    return (P - x if x % 2 != sign else x), y

def add(p, q):
    (x1, y1), (x2, y2) = p, q
    d = D * x1 * x2 * y1 * y2
    return ((x1 * y2 + x2 * y1) * pow(1 + d, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - d, -1, P) % P)

def times(number, p):
    half = times(number >> 1, add(p, p)) if number else (0, 1)
    return add(half, p) if number & 1 else half

BASE = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))

def is_signed(key, text, signature):
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(r + key + text).digest(), "little") % L
    return s < L and times(s, BASE) == add(point(r), times(k, point(key)))

def checkpoint(note, vkey):
    """Size and root of a signed note, once its signature by this key is checked (C2SP signed-note, tlog-checkpoint)."""
    name, id, key = vkey.strip().split("+", 2)
    key = b64decode(key)
    if key[:1] != b"\x01" or sha256(name.encode() + b"\n" + key)[:4].hex() != id:
        sys.exit("that is not a public key of a log")
    text, signatures = note.rsplit("\n\n", 1)
    for line in signatures.splitlines():
        dash, signer, signature = line.split(" ")
        signature = b64decode(signature)
        if (dash, signer, signature[:4].hex()) == ("—", name, id):
            if not is_signed(key[1:], f"{text}\n".encode(), signature[4:]):
                sys.exit("the signature is wrong")
            origin, size, hash = text.splitlines()[:3]
            if origin != name:
                sys.exit("the checkpoint is of another log")
            return int(size), b64decode(hash)
    sys.exit("the checkpoint is signed with another key")

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--key", required=True, help="the log's public key")
    parser.add_argument("--proof", help="an inclusion proof; FILE is an export that holds its event first")
    parser.add_argument("--consistency", help="a consistency proof in JSON; FILE is a checkpoint of the earlier log")
    parser.add_argument("file")
    parser.add_argument("checkpoint", nargs="?")
    args = parser.parse_args()
    file = open(args.file, encoding="utf-8")
    text = open(args.proof or args.consistency or args.checkpoint, encoding="utf-8").read()
    if args.consistency:
        proof, (first, old) = json.loads(text), checkpoint(file.read(), args.key)
        begin, (size, new) = proof["from"]["size"], checkpoint(proof["to"]["checkpoint"], args.key)
        begin == first or sys.exit(f"the proof is from {begin} events, and the checkpoint is of {first}")
        found = consistent(first, size, old, [b64decode(hash) for hash in proof["path"]])
        expected, what = (old, new), f"the log of {first} events is the beginning of that of {size}"
    elif args.proof:
        head, note = text.split("\n\n", 1)
        (_, index, *path), (size, expected) = head.splitlines(), checkpoint(note, args.key)
        event, index = json.loads(next(file)), int(index.split()[1])
        _, found = climb(index, size - 1, [b64decode(hash) for hash in path], b"", leaf(event))
        what = f"the event at position {event['position']} is in the log of {size} events"
    else:
        (size, expected), events = checkpoint(text, args.key), [json.loads(line) for line in file]
        len(events) >= size or sys.exit(f"the log has {len(events)} events and {size} were signed")
        told(events)
        found, what = root(map(leaf, events[:size])), f"the first {size} events are as they were signed"
    if found != expected:
        sys.exit("the log is not as it was signed")
    print(what)

main()
