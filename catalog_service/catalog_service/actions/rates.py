"""Follow what payment tells of exchange rates."""

from catalog_service.models import ExchangeRate
from shared.contracts.payment import ExchangeRatesPublished
from shared.money import EXPONENTS


def follow_rates(told: ExchangeRatesPublished) -> None:
    """The newest rates take the place of all before. Prices are converted when they are read."""
    if ExchangeRate.objects.select_for_update().filter(version__gte=told.version).exists():
        return
    rates = {one.currency: one.rate for one in told.rates if one.currency in EXPONENTS and one.rate > 0} | {
        told.base: 1
    }
    ExchangeRate.objects.all().delete()
    ExchangeRate.objects.bulk_create(
        [
            ExchangeRate(currency=currency, rate=rate, day=told.day, version=told.version)
            for currency, rate in rates.items()
        ]
    )
