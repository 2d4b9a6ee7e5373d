"""
Finding out how an unknown service is reached and driven, for `conform init`: few bounded requests, facts with reasons.

:mod:`.description` reads an OpenAPI document, :mod:`.entry` finds out how one gets in, :mod:`.routes` looks at stream,
polling and metrics, :mod:`.triggers` drafts the requests that cause events; :mod:`.page` writes the profile.
"""
