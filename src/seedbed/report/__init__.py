"""Looking at runs: everything here reads run folders and imports no torch."""
