"""Lists: `{"results", "next", "previous"}`, keyset cursors, `limit` up to 100."""

from rest_framework.pagination import CursorPagination


class Cursor(CursorPagination):
    """DRF's keyset cursor. Subclass with the `ordering` of your list; end it with a unique column."""

    page_size = 24
    page_size_query_param = "limit"
    max_page_size = 100
    ordering = "-id"
