"""Measuring seedbed against a hand-written loop, a floor and other trainers, in processes of their own."""
