from django.apps import AppConfig


class OrderServiceConfig(AppConfig):
    name = "order_service"
    verbose_name = "Orders"
