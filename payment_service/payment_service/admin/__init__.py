"""The operators' pages, by noun: payments and what goes back of them, payouts, and the books, which nobody acts upon.
Django finds them here.
"""

from payment_service.admin import books, crypto, payments, payouts, simulator

__all__ = ["books", "crypto", "payments", "payouts", "simulator"]
