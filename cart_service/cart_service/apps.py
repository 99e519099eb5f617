from django.apps import AppConfig


class CartServiceConfig(AppConfig):
    name = "cart_service"
    verbose_name = "Carts"
