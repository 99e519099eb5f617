"""What can go wrong, in the words of the trade."""

from shared.errors import Conflict, Invalid, NotFound, TooMany, Unauthenticated, Unavailable


class IllegalMove(Conflict):
    code = "illegal_transition"
    title = "The present state does not allow this step"


class NothingToRefund(Conflict):
    code = "nothing_to_refund"
    title = "There is not that much left to refund"


class GiftCardNotValid(Conflict):
    """Says nothing of why: whether a code was ever one is nobody's to find out."""

    code = "gift_card_not_valid"
    title = "This gift card cannot be redeemed"


class GiftCardRedeemed(Conflict):
    """By whoever asks."""

    code = "gift_card_redeemed"
    title = "You have redeemed this gift card already"


class TooManyTries(TooMany):
    code = "too_many_tries"
    title = "Too many codes were tried"


class PayoutRunOpen(Conflict):
    code = "payout_run_open"
    title = "There is an open run in this currency already"


class NothingToPayOut(Conflict):
    code = "nothing_to_pay_out"
    title = "Nobody has enough to be paid out"


class NeedsAnotherAdmin(Conflict):
    """Four eyes: whoever made it, or profits from it, is not who approves it."""

    code = "needs_another_admin"
    title = "Another admin has to approve this"


class PayoutsNotConfigured(NotFound):
    code = "not_configured"
    title = "Nobody is set up here who could pay like this"


class HashUsed(Conflict):
    code = "hash_used"
    title = "This transaction was handed in for another transfer"


class NotTaken(Exception):
    """A payment that cannot be begun, and why: a reason of PaymentDeclined."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ReconciliationRunning(Conflict):
    code = "reconciliation_running"
    title = "This provider is being asked for its records already"


class RecordsNotKept(NotFound):
    code = "records_not_kept"
    title = "This provider cannot be asked for its records"


class ProviderAway(Unavailable):
    """No answer, or none that says what happened: ask again with the same key."""

    code = "provider_unavailable"
    title = "The payment provider does not answer"


class BadSignature(Invalid):
    """A webhook that the provider did not sign, or signed too long ago."""

    code = "bad_signature"
    title = "The signature does not hold"

    def __init__(self, detail: str) -> None:
        super().__init__({"signature": [detail]}, detail)


class BadApiKey(Unauthenticated):
    """Only for the simulated providers' own APIs."""

    code = "bad_api_key"
    title = "The API key is not known"
