"""Addresses of an EVM chain: derived from a public key of ours, and written with the checksum of EIP-55.

From an extended public key (BIP-32) every address of a payment follows, and no key that could spend what came there.
"""

import re
from functools import lru_cache

from bip32 import BIP32
from coincurve import PublicKey
from Crypto.Hash import keccak

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
SMALL = r"^0x[0-9a-f]{40}$"
"""How addresses are stored."""


class NotAnAddress(ValueError):
    """Not one, or its checksum does not hold."""


def derived(xpub: str, index: int) -> str:
    """The address of the child `index`, in small letters. Raises ValueError for what is no extended public key."""
    point = PublicKey(_parent(xpub).get_pubkey_from_path(f"m/{index}")).format(compressed=False)
    return f"0x{_keccak(point[1:])[-40:]}"


@lru_cache(maxsize=2)
def _parent(xpub: str) -> BIP32:
    """Raises ValueError."""
    return BIP32.from_xpub(xpub)


def checksummed(address: str) -> str:
    """EIP-55: a letter is a capital where the digest of the address in small letters has 8 or more."""
    digits = address.removeprefix("0x").lower()
    digest = _keccak(digits.encode())
    return "0x" + "".join(one.upper() if int(sign, 16) > 7 else one for one, sign in zip(digits, digest, strict=False))


def parsed(text: str) -> str:
    """An address as somebody typed it, in small letters; one in mixed case has to have the right checksum.

    Raises NotAnAddress.
    """
    plain = text[2:] in (text[2:].lower(), text[2:].upper())
    if not _ADDRESS.fullmatch(text) or not (plain or checksummed(text) == text):
        raise NotAnAddress(text[:80])
    return text.lower()


def _keccak(data: bytes) -> str:
    return str(keccak.new(digest_bits=256, data=data).hexdigest())
