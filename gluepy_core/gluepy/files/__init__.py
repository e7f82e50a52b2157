"""Files and data: storages, and the data managers that read and write tables in them."""
