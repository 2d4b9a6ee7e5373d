"""
The reader of target profiles: finds the file, joins the layers, resolves secrets, and says all that is wrong at once.

The layers, a later one wins: the plan's defaults, the file, ``CONFORM_*`` variables, the command line.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace as replace_fields

from sse_conform.driver.operator import Commands, Operator
from sse_conform.errors import ProfileError
from sse_conform.profile import Profile, Tls
from sse_conform.profile_checks import cross_problems, url_problems
from sse_conform.profile_layers import Layers, find_file, lay_environ, lay_file, lay_flags
from sse_conform.profile_problem import Problem
from sse_conform.profile_shape import join, problems_of, to_profile
from sse_conform.secret import SecretError, Vault, is_reference, variable_of

#: The values that are secret wherever they stand.
_SECRET = re.compile(r"auth\.key|users\.accounts\[\d+\]\.(password|token)")
#: Header values may refer to secrets; a literal one is a secret only where its name says so.
_HEADER = re.compile(r".*\.headers\.([^.]+)")
_SECRET_HEADER = re.compile(r"authorization|cookie|token|secret|key", re.IGNORECASE)
_MISSING_URL = 'say which service to judge: --target URL, CONFORM_TARGET=URL, or url = "URL" in the profile'


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedProfile:
    """
    A profile ready for a run.

    ``origins`` names for each path given the file, variable or option it came from (what is not listed is the plan's
    default); ``secrets`` are all resolved secrets, for the redactor. Neither the profile nor they may be printed.
    ``operator`` stops and starts the target, where the profile says how.
    """

    profile: Profile = field(repr=False)
    origins: Mapping[str, str]
    secrets: frozenset[str] = field(repr=False)
    file: Path | None = None
    operator: Operator | None = None


def load_profile(
    *,
    file: Path | None,
    overrides: Mapping[str, object],
    environ: Mapping[str, str],
    folder: Path | None = None,
) -> LoadedProfile:
    """
    Read the profile of a run.

    ``file`` is the one named on the command line; without it CONFORM_PROFILE, then conform.toml, then [tool.conform] of
    pyproject.toml in ``folder`` (the current one). ``overrides`` are values of the command line by dotted path.
    ProfileError names everything wrong: the shape and the secrets first, then what does not fit together.
    """
    found = find_file(file, environ, folder or Path.cwd())
    layers = Layers()
    if found:
        lay_file(layers, found)
    problems = list(lay_environ(layers, environ, frozenset(variables_used(layers.values))))
    lay_flags(layers, overrides)
    problems += map(_explain, problems_of(layers.values))
    vault = Vault(environ=environ, folder=found.parent if found else folder or Path.cwd())
    opener = _Opener(vault)
    values = opener.open(layers.values, "")
    problems += opener.problems
    _raise_if(problems, layers, found)
    profile = to_profile(values)
    _raise_if(list(url_problems("url", profile.url)), layers, found)
    name = profile.name or urlsplit(profile.url).netloc.rpartition("@")[2]
    profile = replace_fields(profile, name=name, tls=_beside(profile.tls, vault.folder))
    _raise_if(list(cross_problems(profile)), layers, found)
    secrets = opener.secrets | {urlsplit(profile.proxy).password or ""} - {""}
    public = {account.username for account in profile.users.accounts} | {""}
    return LoadedProfile(
        profile=profile,
        origins=layers.origins,
        secrets=frozenset(secrets - public),
        file=found,
        operator=Commands(profile.control, vault.folder) if profile.control else None,
    )


class _Opener:
    """Walks the raw values once, puts secrets in place of references to them, and collects both them and problems."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self.secrets: set[str] = set()
        self.problems: list[Problem] = []

    def open(self, value: Any, path: str) -> Any:  # noqa: ANN401 - any TOML value
        """The value with its secrets."""
        match value:
            case dict():
                return {key: self.open(element, join(path, key)) for key, element in value.items()}
            case list():
                return [self.open(element, join(path, index)) for index, element in enumerate(value)]
            case str() if header := _HEADER.fullmatch(path):
                return self._header(value, path, literal=bool(_SECRET_HEADER.search(header[1])))
            case str() if _SECRET.fullmatch(path):
                return self._secret(value, path, literal=True)
            case _:
                return value

    def _header(self, text: str, path: str, *, literal: bool) -> str:
        """Of ``Bearer TOKEN`` the token alone is a secret too."""
        value = self._secret(text, path, literal=literal)
        if value in self.secrets:
            self.secrets.add(value.rpartition(" ")[2])
        return value

    def _secret(self, text: str, path: str, *, literal: bool) -> str:
        try:
            secret = self._vault.open(text)
        except SecretError as trouble:
            self.problems.append(Problem(path=path, what=trouble.what, remedy=trouble.remedy))
            return text
        if literal or is_reference(text):
            self.secrets.add(secret)
        return secret


def _beside(tls: Tls, folder: Path) -> Tls:
    """The files of [tls] are relative to the profile, as those of secrets are."""
    names = ("ca_file", "client_certificate", "client_key")
    given = {name: str(folder / getattr(tls, name)) for name in names if getattr(tls, name)}
    return replace_fields(tls, **given)


def variables_used(value: Any) -> Iterator[str]:  # noqa: ANN401 - any TOML value
    """The environment variables that the file refers to: they are secrets, not keys."""
    match value:
        case dict():
            for element in value.values():
                yield from variables_used(element)
        case list():
            for element in value:
                yield from variables_used(element)
        case str():
            yield from filter(None, [variable_of(value)])
        case _:
            return


def _explain(problem: Problem) -> Problem:
    """A missing address has three places to be mended; a wrong secret is not shown."""
    if problem.path == "url" and problem.what == "is missing":
        return replace(problem, remedy=_MISSING_URL)
    if _SECRET.fullmatch(problem.path):
        return replace(problem, what="is not a string")
    return problem


def _raise_if(problems: list[Problem], layers: Layers, file: Path | None) -> None:
    if not problems:
        return
    named = [
        (f"{_origin(problem, layers, file)}: {problem.path} {problem.what}", problem.remedy) for problem in problems
    ]
    if len(named) == 1:
        message, hint = named[0]
        raise ProfileError(message, hint=hint)
    lines = [f"  {message}\n    {remedy}" for message, remedy in named]
    raise ProfileError("\n".join([f"the profile has {len(named)} problems", *lines]))


def _origin(problem: Problem, layers: Layers, file: Path | None) -> str:
    """Where the person has to look; what nobody gave belongs into the file."""
    return layers.origin(problem.path) or (str(file) if file else "the profile (no file was given)")
