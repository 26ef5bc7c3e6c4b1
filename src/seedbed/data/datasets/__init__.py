"""Functions that return a ``Source``. Import from the defining modules."""
