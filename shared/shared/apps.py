from django.apps import AppConfig, apps
from django.contrib import admin
from django.contrib.admin import apps as django_admin  # the class itself, imported here, would become shared's own


class SharedConfig(AppConfig):
    name = "shared"
    verbose_name = "Messages and workers"
    default_auto_field = "django.db.models.BigAutoField"


class OperatorsConfig(django_admin.AdminConfig):
    """Django's admin, with shared's site instead of its own."""

    default = False
    default_site = "shared.operators.Site"

    def ready(self) -> None:
        """Without Django's own users and groups, whose tables are not there."""
        super().ready()
        for model in apps.get_app_config("auth").get_models():
            if admin.site.is_registered(model):
                admin.site.unregister(model)
