import pytest
from django.db import connection

from shared import plans

pytestmark = pytest.mark.django_db(transaction=True)


def ask_five_times() -> int:
    """The same with other values; answers how many plans the connection has then that it had not before."""
    before = prepared()
    with connection.cursor() as cursor:
        for number in range(5):
            cursor.execute("SELECT %s::int + 40", [number])
            assert cursor.fetchone() == (number + 40,)
    return prepared() - before


def prepared() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%+ 40%%'")
        return int(cursor.fetchone()[0])


def test_plans_are_kept_where_it_is_said_and_nowhere_else() -> None:
    connection.close()

    assert ask_five_times() == 0
    with plans.kept():
        assert ask_five_times() == 1
    assert ask_five_times() == 0


def test_after_a_failure_no_more_plans_are_kept() -> None:
    connection.close()

    with pytest.raises(ZeroDivisionError), plans.kept():
        _ = 1 / 0

    assert ask_five_times() == 0
