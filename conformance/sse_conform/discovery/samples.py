"""The sample services whose complete profiles are there to copy, by what they show."""

#: Where they are in the repository.
FOLDER = "fixtures/implementations"
SAMPLES = {
    "express": "sign-up, a bearer token, ids that are numbers, wrapped answers, polling",
    "hono": "a cookie signed with a key pair, a header against forged requests, CORS, replay and polling",
    "sse-starlette": "given accounts, a login form, a cookie, 202 before delivery, alerts to everyone",
    "flask": "accounts by PUT, a key pair, a logout",
    "go": "an OAuth form, a token in the query, several audiences",
    "nchan": "forms, a token in the query, nginx",
    "jdk": "header and cookie alike, odd names, metrics",
    "nginx": "TLS, a path before all others, issuer and audience",
}
