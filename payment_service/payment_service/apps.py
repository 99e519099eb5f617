from django.apps import AppConfig


class PaymentServiceConfig(AppConfig):
    name = "payment_service"
