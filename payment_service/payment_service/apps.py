from django.apps import AppConfig


class PaymentServiceConfig(AppConfig):
    name = "payment_service"
    verbose_name = "Payments and the ledger"
