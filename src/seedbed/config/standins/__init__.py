"""Packages under the names that pytorch-template projects import; on `sys.path` only for a project that lacks them."""
