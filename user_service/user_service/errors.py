"""What can go wrong, in domain words."""

from shared.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthenticated


class WrongCredentials(Unauthenticated):
    """Unknown address, wrong password, disabled or deleted account: one answer for all."""

    code = "invalid_credentials"
    title = "The e-mail address or the password is wrong"


class EmailNotVerified(Forbidden):
    code = "email_not_verified"
    title = "The e-mail address is not verified yet"


class WrongRefreshToken(Unauthenticated):
    """Unknown, expired, used again too late, or of a session that ended."""

    code = "token_not_valid"
    title = "The refresh token is not valid"


class WrongCode(Invalid):
    """Wrong, expired, used, tried too often, or for an address nobody has: one answer for all."""

    code = "invalid_code"

    def __init__(self, field: str = "code") -> None:
        super().__init__({field: ["The code is wrong or has expired."]})


class EmailTaken(Invalid):
    code = "email_taken"

    def __init__(self) -> None:
        super().__init__({"email": ["There is an account with this e-mail address."]})


class WrongPassword(Invalid):
    code = "wrong_password"

    def __init__(self, field: str) -> None:
        super().__init__({field: ["This is not your password."]})


class PasswordResetRequired(Forbidden):
    """Told only to who knows the password, which a stranger may know too."""

    code = "password_reset_required"
    title = "A new password is needed before the next login"


class WrongChallenge(Unauthenticated):
    """Unknown, expired, used, tried too often, or older than the password: one answer for all."""

    code = "challenge_not_valid"
    title = "The challenge is not valid"


class TwoFactorOn(Conflict):
    code = "two_factor_on"
    title = "The second factor is on"


class TwoFactorOff(Conflict):
    code = "two_factor_off"
    title = "The second factor is not set up or not on"


class ClaimResolved(Conflict):
    code = "claim_resolved"
    title = "It was said that it was somebody else"


class TooManyFailures(TooMany):
    code = "too_many_failures"
    title = "Too many failed attempts from this network"


class TooManyCodes(TooMany):
    code = "too_many_codes"
    title = "Too many codes were asked for"


class Busy(TooMany):
    """More passwords wait to be checked than this process hashes at once."""

    code = "busy"
    title = "Too many sign-ins at this moment"


class AlreadyVendor(Conflict):
    code = "already_vendor"
    title = "This account belongs to another vendor"


class StillSelling(Conflict):
    code = "still_selling"
    title = "This account sells for a vendor"


class OwnAccount(Conflict):
    code = "own_account"
    title = "Admins cannot take their own access away"


class NotConfigured(NotFound):
    code = "not_configured"
    title = "This is not set up here"


class SocialFailed(Unauthenticated):
    """Which check failed is not said: it would only help who forges."""

    code = "social_sign_in_failed"
    title = "The sign-in with the provider failed"


class SocialEmailNotVerified(Forbidden):
    code = "social_email_not_verified"
    title = "The provider has not verified the e-mail address"


class TooManyAddresses(Conflict):
    code = "too_many_addresses"
    title = "The address book is full"


class TooManyWallets(Conflict):
    code = "too_many_wallets"
    title = "There are too many wallets"


class WalletKnown(Conflict):
    code = "wallet_known"
    title = "This wallet is there already"


class NoSuchKey(Conflict):
    code = "no_such_key"
    title = "There is no key for this step of a rotation"
