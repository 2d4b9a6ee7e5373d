"""Made-up users and notifications to look at (`--demo`)."""

import time
from uuid import uuid4

from faker import Faker

from sse_conform_server.deliver import deliver
from sse_conform_server.models import Kind, Role, User, Vulnerability
from sse_conform_server.parts import Parts
from sse_conform_server.store import Draft, UsernameTakenError

PASSWORD = "demo"  # noqa: S105 - a demo's password is no secret
ACCOUNTS = {"alice": Role.ANALYST, "bob": Role.ANALYST, "root": Role.ADMIN}
EACH = 12
SEVERITIES = ("low", "medium", "high", "critical")


async def fill(parts: Parts) -> None:
    """Accounts alice, bob (analysts) and root (admin), all with password `demo`; once for a database."""
    faker = Faker()
    for name, role in ACCOUNTS.items():
        user = User(id=uuid4().hex, username=name, role=role)
        try:
            await parts.store.add_user(user, password_hash=await parts.passwords.hash(PASSWORD))
        except UsernameTakenError:
            continue
        for _ in range(EACH):
            await _report(parts, faker, user)


async def _report(parts: Parts, faker: Faker, user: User) -> None:
    vulnerability = Vulnerability(
        id=uuid4().hex,
        title=faker.sentence(nb_words=6),
        severity=faker.random_element(SEVERITIES),
        description=faker.paragraph(),
        details={"host": faker.hostname(), "reporter": {"name": faker.name(), "password": faker.password()}},
        assignee=user.id,
        creator=user.id,
        created_at=time.time(),
    )
    draft = Draft(
        type=Kind.NEW, message=vulnerability.title, recipient=user.id,
        vulnerability_id=vulnerability.id, details=vulnerability.details,
    )  # fmt: skip
    await deliver(parts, lambda: parts.store.add_vulnerability(vulnerability, draft))
