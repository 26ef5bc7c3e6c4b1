"""The recorder: what a running training script does, kept as plain facts for the probes to judge."""
