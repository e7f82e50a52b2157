"""Pipelines over the flights that left New York's three airports in 2013."""
