"""What the doctor watches while a job trains: losses, gradients, updates, the gap to validation, the average."""
