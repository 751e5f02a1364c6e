"""Calls deployed functions and Google's APIs from outside."""
