"""The rates that stood in the code until now: one zone for every country, two methods at any weight, taxes by country,
added to prices and on shipping too. Each currency that is traded gets a price by its digits.
"""

from django.db import migrations

from shared.money import EXPONENTS

METHODS = {
    "standard": ("Standard", {0: 600, 2: 500, 3: 1_500}),
    "express": ("Express", {0: 1_800, 2: 1_500, 3: 4_500}),
}
"""Code → name, and digits of the currency → minor units a vendor order."""

TAXES = {
    "AT": 2000, "BE": 2100, "CH": 810, "DE": 1900, "DK": 2500, "ES": 2100, "FR": 2000, "GB": 2000, "IE": 2300,
    "IT": 2200, "NL": 2100, "NO": 2500, "SE": 2500, "US": 700, "CA": 500, "AU": 1000, "JP": 1000,
}  # fmt: skip
NAMES = {"US": "Sales tax", "CA": "GST", "AU": "GST", "JP": "Consumption tax"}


def write(apps, _schema):
    zone = apps.get_model("order_service", "ShippingZone").objects.create(name="Everywhere", is_fallback=True)
    method_model, rate_model = (apps.get_model("order_service", name) for name in ("ShippingMethod", "ShippingRate"))
    for position, (code, (name, prices)) in enumerate(METHODS.items()):
        method = method_model.objects.create(code=code, name=name, position=position)
        rate_model.objects.bulk_create(
            rate_model(zone=zone, method=method, currency=currency, price=prices[digits])
            for currency, digits in EXPONENTS.items()
        )
    tax_model = apps.get_model("order_service", "TaxRate")
    tax_model.objects.bulk_create(
        tax_model(name=f"{NAMES.get(country, 'VAT')} {country}", country=country, basis_points=rate)
        for country, rate in TAXES.items()
    )


class Migration(migrations.Migration):
    dependencies = [("order_service", "0009_promotions_and_rates")]

    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
