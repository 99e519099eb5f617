from django.apps import AppConfig


class UserServiceConfig(AppConfig):
    name = "user_service"
    verbose_name = "Accounts"
