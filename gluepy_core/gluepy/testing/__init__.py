"""What authors of pipelines and plugins test with."""
