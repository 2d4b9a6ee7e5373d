"""
The forms of a report, one module each: ``write(report, rules, out)``. They share nothing.

Import the module that is needed; this package itself imports none of them.
"""
