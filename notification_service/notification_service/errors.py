"""What can go wrong, in the words of the trade."""

from shared.errors import Conflict


class NotFailed(Conflict):
    code = "not_failed"
    title = "Only a delivery that failed can be sent again"
