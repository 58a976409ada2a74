"""What people see: console, tables, charts, files."""
