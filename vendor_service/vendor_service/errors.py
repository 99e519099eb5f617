"""What can go wrong, in domain words.

ApplicationNotFound   404   absent, or not yours
VendorNotFound        404   absent, not yours, or not active
PayoutNotFound        404   absent, or not yours
ApplicationOpen       409   an earlier application waits for its decision
AlreadyVendor         409   this account sells here already
AlreadyDecided        409   the application has been approved or rejected
IllegalMove           409   the vendor's status cannot become that one
VendorSuspended       409   no payouts while suspended
PayoutPending         409   an earlier payout in this currency is on its way
NothingAvailable      409   the available balance is not above zero
InsufficientBalance   409   more was asked for than is available
PayoutAccountNotFound 404   none is set
PayoutAccountNew      409   nothing is paid to a changed account before its cool-down is over
PayoutSettledBefore   409   paid after it was refused, or the other way round
"""

from shared.errors import Conflict, NotFound


class ApplicationNotFound(NotFound):
    title = "There is no such application"


class VendorNotFound(NotFound):
    title = "There is no such vendor"


class PayoutNotFound(NotFound):
    title = "There is no such payout"


class ApplicationOpen(Conflict):
    code = "application_open"
    title = "An earlier application is not decided yet"


class AlreadyVendor(Conflict):
    code = "already_vendor"
    title = "This account has a vendor already"


class AlreadyDecided(Conflict):
    code = "already_decided"
    title = "The application has been decided"


class IllegalMove(Conflict):
    code = "illegal_transition"
    title = "The vendor's status does not allow this"


class VendorSuspended(Conflict):
    code = "vendor_suspended"
    title = "A suspended vendor is not paid out"


class PayoutPending(Conflict):
    code = "payout_pending"
    title = "An earlier payout in this currency is not settled yet"


class NothingAvailable(Conflict):
    code = "nothing_available"
    title = "There is nothing to pay out"


class InsufficientBalance(Conflict):
    code = "insufficient_balance"
    title = "This is more than is available"


class PayoutAccountNotFound(NotFound):
    title = "No payout account is set"


class PayoutAccountNew(Conflict):
    code = "payout_account_new"
    title = "The payout account was changed a short while ago"


class PayoutSettledBefore(Conflict):
    code = "payout_settled"
    title = "The payout has been settled otherwise"
