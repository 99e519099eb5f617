"""The classes' names change, the tables' do not: instances of before keep reading them while they are replaced."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("order_service", "0007_figures_of_earlier_orders")]

    operations = [
        migrations.RenameModel("Coupon", "Promotion"),
        migrations.RenameModel("CouponRedemption", "Redemption"),
        migrations.AlterField(
            "redemption",
            "coupon",
            models.ForeignKey(
                db_column="coupon_id",
                on_delete=django.db.models.deletion.PROTECT,
                related_name="redemptions",
                to="order_service.promotion",
            ),
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveIndex("redemption", "redemption_by_buyer"),
                migrations.RenameField("redemption", "coupon", "promotion"),
                migrations.AddIndex(
                    "redemption", models.Index(fields=["promotion", "buyer_key"], name="redemption_by_buyer")
                ),
            ]
        ),
    ]
