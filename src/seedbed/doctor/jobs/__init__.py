"""What the doctor says of a seedbed job before its first update: its settings, its data, and one batch."""
