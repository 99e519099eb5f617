"""Addresses of an EVM chain: derived from a public key of ours, and written with the checksum of EIP-55.

From an extended public key (BIP-32) every address of a payment follows, and no key that could spend what came there.
"""

import hashlib
import hmac
import re
from functools import lru_cache

from coincurve import PublicKey
from Crypto.Hash import keccak

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
NOBODY = f"0x{0:040x}"
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_PUBLIC = (bytes.fromhex("0488b21e"), bytes.fromhex("043587cf"))
"""What `xpub` and `tpub` say in bytes."""
SMALL = r"^0x[0-9a-f]{40}$"
"""How addresses are stored."""


class NotAnAddress(ValueError):
    """Not one, or its checksum does not hold."""


def derived(xpub: str, index: int) -> str:
    """The address of the child `index`, in small letters. Raises ValueError for what is no extended public key.

    BIP-32's step from a public key to a child's, which is all of it that needs no private key.
    """
    parent, chain_code = _parent(xpub)
    step = hmac.digest(chain_code, parent.format() + index.to_bytes(4), "sha512")
    point = parent.add(step[:32]).format(compressed=False)
    return f"0x{_keccak(point[1:])[-40:]}"


@lru_cache(maxsize=2)
def _parent(xpub: str) -> tuple[PublicKey, bytes]:
    """The key and its chain code: base58, with four bytes of a double SHA-256 at the end. Raises ValueError."""
    number = 0
    for sign in xpub:
        number = number * 58 + _BASE58.index(sign)
    content = number.to_bytes(max(82, (number.bit_length() + 7) // 8))
    key, checksum = content[:-4], content[-4:]
    if len(content) != 82 or hashlib.sha256(hashlib.sha256(key).digest()).digest()[:4] != checksum:
        raise ValueError("not an extended key")
    if key[:4] not in _PUBLIC:
        raise ValueError("not a public key")
    return PublicKey(key[45:]), key[13:45]


def checksummed(address: str) -> str:
    """EIP-55: a letter is a capital where the digest of the address in small letters has 8 or more."""
    digits = address.removeprefix("0x").lower()
    digest = _keccak(digits.encode())
    return "0x" + "".join(one.upper() if int(sign, 16) > 7 else one for one, sign in zip(digits, digest, strict=False))


def parsed(text: str) -> str:
    """An address as somebody typed it, in small letters; one in mixed case has to have the right checksum. That of
    zeros is nobody's: what is sent there is burnt.

    Raises NotAnAddress.
    """
    plain = text[2:] in (text[2:].lower(), text[2:].upper())
    if text == NOBODY or not _ADDRESS.fullmatch(text) or not (plain or checksummed(text) == text):
        raise NotAnAddress(text[:80])
    return text.lower()


def _keccak(data: bytes) -> str:
    return str(keccak.new(digest_bits=256, data=data).hexdigest())
