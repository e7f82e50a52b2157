"""Small functions without state that every layer may use."""
