"""A conformance suite for Server-Sent-Events notification services."""

__version__ = "0.1.0"
