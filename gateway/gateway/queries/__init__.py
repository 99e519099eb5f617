"""Everything that reads: joins, documents and watches."""
