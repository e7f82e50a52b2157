"""The durable record of runs: what lies in a run folder."""
