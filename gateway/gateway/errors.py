"""What can go wrong, anywhere in the fleet: the codes of problem documents, and what each means to a client."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Explanation:
    """`advice`: what a client can do."""

    status: int
    title: str
    meaning: str
    advice: str = "Repeating the same request changes nothing."


CODES: dict[str, Explanation] = {
    # Every service
    "invalid": Explanation(
        400,
        "The input is not valid",
        "One or more fields are wrong; `errors` names each of them.",
        "Correct the fields.",
    ),
    "parse_error": Explanation(400, "The body cannot be read", "The body is not well-formed JSON.", "Send JSON."),
    "bad_request": Explanation(400, "The request cannot be read", "It is not a well-formed HTTP request to this API."),
    "not_authenticated": Explanation(
        401, "Authentication is needed", "No access token came with the request.", "Log in, and send the token."
    ),
    "token_not_valid": Explanation(
        401,
        "The token is not valid",
        "It has expired, its session has ended, or it was not made here.",
        "Refresh it, or log in again.",
    ),
    "session_ended": Explanation(
        401, "The session has ended", "Somebody logged it out, or the password was changed.", "Log in again."
    ),
    "authentication_failed": Explanation(401, "Not recognised", "The credentials are not right.", "Check them."),
    "permission_denied": Explanation(403, "Not allowed for your role", "You are known, but your role may not do this."),
    "not_found": Explanation(
        404, "Not found", "It does not exist, or it is not yours: the two look the same from outside."
    ),
    "method_not_allowed": Explanation(405, "Not for this method", "The path exists, but not with this method."),
    "not_acceptable": Explanation(406, "Not in this format", "The answer cannot be given in a type you accept."),
    "conflict": Explanation(
        409,
        "The present state does not allow this",
        "Somebody, or something, was there before.",
        "Read again, then decide.",
    ),
    "too_large": Explanation(413, "The body is too large", "There is a limit to what is read."),
    "unsupported_media_type": Explanation(415, "Not in this format", "The body's content type is not read here."),
    "unprocessable": Explanation(422, "Cannot be processed", "It is well-formed, but it contradicts something."),
    "idempotency_key_reused": Explanation(
        422,
        "This Idempotency-Key was used with another body",
        "A key stands for one request; another request needs another key.",
        "Make a new key.",
    ),
    "idempotency_key_in_use": Explanation(
        409,
        "The first request still runs",
        "A request with this Idempotency-Key has not been answered yet.",
        "Wait as long as Retry-After says, then repeat: you get the first one's answer.",
    ),
    "too_many_requests": Explanation(
        429, "Too many requests", "There is a limit to how often.", "Wait as long as Retry-After says."
    ),
    "throttled": Explanation(
        429, "Too many requests", "There is a limit to how often.", "Wait as long as Retry-After says."
    ),
    "internal_error": Explanation(
        500,
        "Something went wrong on our side",
        "A bug. Nothing of the request was kept.",
        "Try again later, and tell us the request_id.",
    ),
    "unavailable": Explanation(
        503,
        "Temporarily not available",
        "A part of the marketplace that this needs is away for a moment.",
        "Wait as long as Retry-After says, then repeat; with an Idempotency-Key nothing happens twice.",
    ),
    "overloaded": Explanation(
        503,
        "More is asked than can be answered soon",
        "Too many requests wait already, or this one waited for too long. Nothing of it was done.",
        "Wait as long as Retry-After says, then repeat.",
    ),
    "not_here_yet": Explanation(
        503,
        "What you wrote has not arrived here yet",
        "The request came with a Consistency-Token whose messages this service has not handled yet.",
        "Wait as long as Retry-After says, then repeat; or repeat without the token, and read what is there.",
    ),
    # Accounts
    "invalid_credentials": Explanation(
        401, "The e-mail address or the password is wrong", "Which of the two is not said, on purpose.", "Check both."
    ),
    "email_not_verified": Explanation(
        403,
        "The e-mail address is not verified yet",
        "A code was mailed when the account was made.",
        "Send it to `/api/v1/auth/verify-email`, or ask for another with `verify-email/resend`.",
    ),
    "invalid_code": Explanation(
        400, "The code is not right", "It is wrong, was used, or its ten minutes are over.", "Ask for a new one."
    ),
    "email_taken": Explanation(400, "The address is taken", "An account has this e-mail address.", "Log in instead."),
    "wrong_password": Explanation(400, "The password is wrong", "The present password is asked for, to be sure."),
    "password_reset_required": Explanation(
        403,
        "A new password is needed before the next login",
        "Somebody else was signed in to this account, and may know the password.",
        "Ask for a code with `/api/v1/auth/password-reset`, and choose a new password.",
    ),
    "challenge_not_valid": Explanation(
        401,
        "The challenge is not valid",
        "It lasts a few minutes and a few tries, works once, and ends with the password it was made with.",
        "Log in again.",
    ),
    "claim_resolved": Explanation(
        409, "It was said that it was somebody else", "The sessions have ended; that cannot be taken back."
    ),
    "two_factor_on": Explanation(409, "The second factor is on", "It has to be turned off first."),
    "two_factor_off": Explanation(
        409,
        "The second factor is not set up or not on",
        "There is nothing to confirm, to turn off or to renew.",
        "Begin with `/api/v1/auth/two-factor/setup`.",
    ),
    "too_many_failures": Explanation(
        429, "Too many failed attempts", "This network guessed too often.", "Wait as long as Retry-After says."
    ),
    "too_many_codes": Explanation(
        429, "Too many codes", "A few codes an hour are mailed, no more.", "Wait as long as Retry-After says."
    ),
    "busy": Explanation(
        429,
        "Too many sign-ins at this moment",
        "Checking a password costs a lot, so only some are checked at once.",
        "Wait as long as Retry-After says, then repeat.",
    ),
    "not_configured": Explanation(404, "This is not set up here", "The operator has not turned it on."),
    "social_sign_in_failed": Explanation(
        401,
        "The sign-in with the provider failed",
        "It was not begun in this browser, took too long, was used before, or the provider's answer does not hold.",
        "Begin again.",
    ),
    "social_email_not_verified": Explanation(
        403, "The provider has not verified the e-mail address", "Only a proved address signs in.", "Prove it there."
    ),
    "already_vendor": Explanation(409, "This account belongs to another vendor", "An account sells for one vendor."),
    "still_selling": Explanation(
        409, "This account sells for a vendor", "A shop is not left alone.", "Leave its team, or ask an admin."
    ),
    "own_account": Explanation(409, "Not your own account", "Admins cannot take their own access away."),
    "too_many_wallets": Explanation(409, "There are too many wallets", "There is a limit.", "Remove one first."),
    "wallet_known": Explanation(409, "This wallet is there already", "An address is kept once, however it is written."),
    "too_many_addresses": Explanation(409, "The address book is full", "There is a limit.", "Delete one first."),
    # The catalogue
    "illegal_transition": Explanation(
        409, "The status does not allow this", "It is not a step from where this stands now.", "Read its status again."
    ),
    "sku_taken": Explanation(409, "The SKU is taken", "This vendor already sells something under this SKU."),
    "ambiguous_sku": Explanation(
        409, "Several vendors use this SKU", "A SKU is unique to its vendor only.", "Name one with `?vendor=<id>`."
    ),
    "last_variant": Explanation(409, "The last variant stays", "A product has one at least.", "Delete the product."),
    "category_in_use": Explanation(409, "The category is in use", "Products or subcategories still stand in it."),
    "brand_in_use": Explanation(409, "The brand is in use", "Products still carry it."),
    "name_taken": Explanation(409, "The name is taken", "Another one has this name or slug.", "Choose another."),
    "below_reserved": Explanation(409, "More is held", "Stock that orders or its vendor hold cannot be taken away."),
    "not_available": Explanation(
        409, "Less is available", "What is held already, or lies elsewhere, cannot be held.", "Read the stock's levels."
    ),
    "hold_ended": Explanation(409, "The hold has ended", "It was sold or released, or its time was up."),
    "adjustments_refused": Explanation(
        409,
        "The stock does not allow this",
        "Of some lines less is there than would be taken away; `errors` names them, and nothing was changed.",
        "Correct those lines.",
    ),
    "location_in_use": Explanation(
        409,
        "The location is in use",
        "Something lies there still, or it is the vendor's default location.",
        "Carry it elsewhere first.",
    ),
    "already_reviewed": Explanation(409, "Reviewed already", "One review for each product and person.", "Change it."),
    "already_decided": Explanation(409, "Decided already", "The review or revision has had its decision."),
    "export_not_ready": Explanation(
        409, "No file yet", "The export is still being written, or it failed.", "Ask again until `status` is succeeded."
    ),
    "too_many_exports": Explanation(
        409, "Others are not finished", "A few exports at a time are written.", "Wait for one of them."
    ),
    "too_many_imports": Explanation(
        409, "Others are not finished", "A few imports at a time wait for their turn.", "Wait for one of them."
    ),
    "too_many_operations": Explanation(
        409,
        "Others are not finished",
        "A few operations at a time are worked off.",
        "Wait for one of them, or stop it.",
    ),
    "own_product": Explanation(409, "Your own product", "Vendors do not judge what they sell."),
    "own_review": Explanation(409, "Your own review", "Others say whether it helps, and whether it should be there."),
    # Carts
    "insufficient_stock": Explanation(
        409, "Not enough in stock", "`detail` says how many are available.", "Ask for fewer."
    ),
    "variant_unavailable": Explanation(409, "Not for sale at the moment", "Its seller has taken it off sale."),
    "not_sold_in_currency": Explanation(
        409, "Not sold in this currency", "A cart has one currency, and this has no price in it.", "Use another cart."
    ),
    "currency_mismatch": Explanation(
        409,
        "The cart has another currency",
        "The first item decides a cart's currency.",
        "Empty the cart to change it.",
    ),
    "quantity_limit": Explanation(409, "Too many of one", "A cart takes at most 999 of one variant."),
    "cart_full": Explanation(409, "The cart is full", "A cart takes at most 100 different items."),
    "cart_too_valuable": Explanation(
        409, "The cart is worth too much", "No order can have such a sum.", "Order in several parts."
    ),
    "wishlist_full": Explanation(409, "The wishlist is full", "There is a limit to what is kept."),
    # Orders
    "cart_empty": Explanation(409, "The cart is empty", "There is nothing to quote or to order.", "Fill it first."),
    "cart_ordered": Explanation(
        409,
        "This cart has been ordered already",
        "One cart becomes one order.",
        "Change the cart, or cancel that order.",
    ),
    "checkout_busy": Explanation(
        429,
        "Too many checkouts at this moment",
        "More are under way than can be carried out soon.",
        "Wait as long as Retry-After says, then repeat with the same Idempotency-Key.",
    ),
    "out_of_stock": Explanation(
        409, "Not in stock", "Somebody was faster; `detail` names the SKUs.", "Order fewer, or without them."
    ),
    "price_changed": Explanation(
        409, "The total has changed", "It is not the `expected_total` any more.", "Ask for a quote, and show it."
    ),
    "coupon_not_valid": Explanation(
        409, "The coupon cannot be used", "It is unknown, over, used up, or the order is too small for it."
    ),
    "not_delivered": Explanation(
        409,
        "This is not delivered to the address",
        "No shipping method has a price for every parcel: by country, currency and weight.",
        "Choose another address, or order less at once.",
    ),
    "not_returnable": Explanation(
        409, "This cannot be sent back", "Only what was delivered, and not more of it than was bought."
    ),
    # Vendors
    "application_open": Explanation(409, "An application is open", "One at a time.", "Wait for its decision."),
    "checklist_incomplete": Explanation(
        409, "Something required is not done yet", "The marketplace asks for it.", "See the checklist."
    ),
    "not_this_kind": Explanation(
        409,
        "This is done in another way",
        "What is attested the applicant confirms, what is verified an admin approves.",
    ),
    "document_decided": Explanation(409, "The document has been decided on", "It was accepted or refused before."),
    "too_many_documents": Explanation(409, "There are too many documents", "There is a limit.", "Remove one first."),
    "last_owner": Explanation(
        409,
        "The shop has no other owner",
        "A shop is not left without one.",
        "Pass it on first: make somebody else owner.",
    ),
    "vendor_suspended": Explanation(409, "The vendor is suspended", "It cannot sell or be paid at the moment."),
    "payout_pending": Explanation(
        409, "A payout is on its way", "One at a time for each currency.", "Wait until it is paid or refused."
    ),
    "payout_account_new": Explanation(
        409, "The payout account has just changed", "In case it was not you.", "Ask again once its cool-down is over."
    ),
    "payout_settled": Explanation(409, "The payout has ended", "It was paid or refused before."),
    "insufficient_balance": Explanation(
        409, "Not that much is available", "Pending money becomes available some time after delivery.", "Ask for less."
    ),
    "nothing_available": Explanation(
        409, "Nothing is available", "Pending money becomes available some time after delivery.", "Ask later."
    ),
    # Payments
    "nothing_to_refund": Explanation(
        409, "There is not that much left to refund", "Refunds together never exceed what was taken.", "Refund less."
    ),
    "gift_card_not_valid": Explanation(
        409,
        "This gift card cannot be redeemed",
        "Its code is mistyped, or it was used, was disabled or has expired: we don't say which.",
        "Look at the code again.",
    ),
    "gift_card_redeemed": Explanation(
        409, "You have redeemed this gift card already", "Its worth is among your store credit."
    ),
    "too_many_tries": Explanation(
        429, "Too many codes were tried", "Somebody could be guessing.", "Wait as long as Retry-After says."
    ),
    "hash_used": Explanation(
        409, "This transaction is another transfer's", "One transaction makes one transfer.", "Hand in the right hash."
    ),
    "reconciliation_running": Explanation(
        409,
        "This provider is being asked already",
        "A provider is asked for its records once at a time.",
        "Wait until the reconciliation that is running has ended.",
    ),
    "records_not_kept": Explanation(
        404,
        "This provider cannot be asked for its records",
        "It has no list of what it has done.",
        "Send its records as a file.",
    ),
    "payout_run_open": Explanation(
        409, "There is an open run in this currency", "One at a time.", "Approve it or cancel it, and wait for its end."
    ),
    "nothing_to_pay_out": Explanation(
        409,
        "Nobody has enough to be paid out",
        "The minimum is the operator's. Payouts on their way don't count.",
    ),
    "needs_another_admin": Explanation(
        409,
        "Another admin has to approve this",
        "It is beyond the operator's limit, and you made it or gain by it.",
    ),
    "provider_unavailable": Explanation(
        503, "The payment provider does not answer", "What was asked is kept.", "Wait as long as Retry-After says."
    ),
    "not_failed": Explanation(409, "It has not failed", "Only a mail that failed can be sent again, and no secret."),
    "bad_signature": Explanation(
        400, "The signature does not hold", "The webhook was not signed with an active secret in the last five minutes."
    ),
}


def explain(code: str) -> Explanation | None:
    return CODES.get(code)
