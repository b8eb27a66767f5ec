"""P Importers: what others publish -> HSDS records, with a report that accounts for every input record."""
