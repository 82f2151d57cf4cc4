"""The report: one HTML file with tables, charts and pictures that opens without a network."""
