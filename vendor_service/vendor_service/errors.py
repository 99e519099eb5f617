"""What can go wrong, in domain words.

ApplicationNotFound   404   absent, or not yours
VendorNotFound        404   absent, not yours, or not active
PayoutNotFound        404   absent, or not yours
MemberNotFound        404   absent, or not yours
ChecklistItemNotFound 404   absent, or asked no more
DocumentNotFound      404   absent, or not yours
CommissionRuleNotFound 404  absent
InvitationNotFound    404   absent, not yours, used, withdrawn or too old
ApplicationOpen       409   an earlier application waits for its decision
AlreadyVendor         409   this account sells here already
LastOwner             409   a shop is not left without its owner
AlreadyDecided        409   the application has been approved or rejected
ChecklistIncomplete   409   an application waits for what is required
NotThisKind           409   what is computed nobody confirms, and so on
DocumentDecided       409   the document has been accepted or refused
TooManyDocuments      409   there is a limit
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


class MemberNotFound(NotFound):
    title = "There is no such member"


class InvitationNotFound(NotFound):
    title = "There is no such invitation"


class ChecklistItemNotFound(NotFound):
    title = "There is no such item"


class CommissionRuleNotFound(NotFound):
    title = "There is no such rule"


class DocumentNotFound(NotFound):
    title = "There is no such document"


class ChecklistIncomplete(Conflict):
    code = "checklist_incomplete"
    title = "Something required is not done yet"


class NotThisKind(Conflict):
    code = "not_this_kind"
    title = "This is done in another way"


class DocumentDecided(Conflict):
    code = "document_decided"
    title = "The document has been decided on"


class TooManyDocuments(Conflict):
    code = "too_many_documents"
    title = "There are too many documents"


class LastOwner(Conflict):
    code = "last_owner"
    title = "The shop has no other owner"


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
