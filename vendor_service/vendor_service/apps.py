from django.apps import AppConfig


class VendorServiceConfig(AppConfig):
    name = "vendor_service"
    verbose_name = "Vendors"
