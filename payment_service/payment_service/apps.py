from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class PaymentServiceConfig(AppConfig):
    name = "payment_service"
    verbose_name = "Payments and the ledger"

    def ready(self) -> None:
        if settings.CRYPTO_NODE_URL or settings.CRYPTO_XPUB:
            check_addresses()


def check_addresses() -> None:
    """A typing error in a key or an address would send money to nobody. Raises ImproperlyConfigured."""
    from payment_service.models import addresses

    try:
        addresses.derived(settings.CRYPTO_XPUB, 0)
        for one in filter(None, (settings.CRYPTO_WALLET, settings.CRYPTO_TOKEN_ADDRESS)):
            addresses.parsed(one)
    except addresses.NotAnAddress as error:
        raise ImproperlyConfigured(f"{error} is no address with its checksum (EIP-55)") from None
    except ValueError:
        raise ImproperlyConfigured("CRYPTO_XPUB has a typing error: its checksum does not hold") from None
