"""New projects from templates: `seedbed new`."""
