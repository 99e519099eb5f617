"""Columns and fields that are functions; Django's stubs know them as columns only, hence `ClassVar[Any]`."""

from django.contrib import admin

from shared.admin import amount

the_amount = admin.display(description="amount")(amount("minor"))
the_refunded = amount("refunded")
the_balance = amount("balance")
the_credit = admin.display(description="of it store credit")(amount("credit"))
