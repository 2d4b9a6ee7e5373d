"""
The examination of target and profile: each part is tried by itself, with what was seen and how to mend it.

:mod:`.network` looks at the way to the target, :mod:`.accounts` at who the suite may be, :mod:`.tokens` at what a
genuine token says and whether others can be made, :mod:`.stream` at the stream route, :mod:`.triggers` at events,
:mod:`.own_page` at the service's own page, :mod:`.services` at all that stands beside the stream, :mod:`.numbers` at
the few numbers that show meanwhile, :mod:`.lacks` at what the profile leaves out; :mod:`.examination` joins them, and
:mod:`.steps` names those that could not be tried.
"""
