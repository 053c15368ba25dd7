"""This file knows of every format a fuller regular expression than what it is drawn from: all that is likely asked for.

A column whose own pattern or lengths leave nothing of what is drawn otherwise is drawn from these: any host in place of
example.com, short forms and long ones. Every text of them is of the format, as jsonschema and Pydantic judge it.
"""

from __future__ import annotations

from gen.schema.phones import FICTION, RANGES, pattern_of_numbers

_LABEL = "[a-z0-9]{1,12}(-[a-z0-9]{1,12})?"
_TOP = "[a-z]{2,8}"
# Of mail: no name that is kept for other ends, as "test" and "local" (RFC 6761, 6762, 7686), so not all of 4 letters.
_MAIL_TOP = "([a-z]{2,3}|[a-z]{6}|info|cloud|example)"
_DOMAIN = rf"({_LABEL}\.)+{_TOP}"
_HOST = rf"({_LABEL}\.)*{_TOP}"
_MAIL = rf"[A-Za-z0-9]{{1,12}}([._+-][A-Za-z0-9]{{1,12}}){{0,3}}@({_LABEL}\.)+{_MAIL_TOP}"
_PORT = r"(:[1-9]\d{0,3})?"
_SEGMENT = r"/[A-Za-z0-9_-]+(\.[A-Za-z0-9]+)?"
_PATH = rf"({_SEGMENT})*/?"
_PAIR = "[A-Za-z0-9_]+=[A-Za-z0-9_.-]+"
_QUERY = rf"(\?{_PAIR}(&{_PAIR})*)?(#[A-Za-z0-9_-]+)?"
_AFTER = _HOST + _PORT + _PATH + _QUERY
_SCHEMES = "https?|ftps?|sftp|ssh|wss?|git|ldaps?|rtsp|s3|amqps?|mqtt|redis|postgresql|mysql"
_NUMBER = r"(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = rf"{_NUMBER}(\.{_NUMBER}){{3}}"
_GROUP = "[0-9a-f]{1,4}"
_IPV6 = rf"({_GROUP}(:{_GROUP}){{7}}|({_GROUP}:){{1,6}}:{_GROUP}|({_GROUP}:){{1,6}}:|::({_GROUP}(:{_GROUP}){{0,5}})?)"
_URI = rf"(({_SCHEMES})://{_AFTER}|urn:[a-z]{{3,8}}:[A-Za-z0-9]{{1,20}}|mailto:{_MAIL})"
_REFERENCE = rf"(\.{{0,2}}({_SEGMENT})+/?|[A-Za-z0-9_-]+({_SEGMENT})*/?|#[A-Za-z0-9_-]+)"
_POINTER = "(/[A-Za-z0-9_.-]*)*"
_LOGIN = "[a-z0-9_]+:[A-Za-z0-9]+@"


def _base64(alphabet: str) -> str:
    """Groups of four, the last one padded, with the bits that padding leaves at 0."""
    return rf"([{alphabet}]{{4}})*([{alphabet}][AQgw]==|[{alphabet}]{{2}}[AEIMQUYcgkosw048]=)?"


# Base64 of letters and signs from "@" to DEL: the first bits of each byte are 01.
_TEXT = ("[Q-Za-f]", "[E-HU-Xk-n0-3]", "[BFJNRVZdhlptx159]", "[A-Za-z0-9+/]")
_BASE64_TEXT = rf"({''.join(_TEXT)})*({_TEXT[0]}[AQgw]==|{_TEXT[0]}{_TEXT[1]}[AEIMQUYcgkosw048]=)?"


def _dsn(schemes: str, database: str, login: str = _LOGIN) -> str:
    return rf"({schemes})://{login}{_HOST}:[1-9]\d{{0,3}}{database}"


_DATABASE = "/[A-Za-z0-9_]+"

LONGEST = 120  # characters of such a text, unless more are asked for: no host and no mailbox may be much longer

# format -> a pattern of the whole text
WIDE: dict[str, str] = {
    name: f"^{pattern}$"
    for name, pattern in {
        "email": _MAIL,
        "idn-email": _MAIL,
        "name-email": rf"[A-Z][a-z]{{0,16}}( [A-Z][a-z]{{1,16}}){{0,3}} <[a-z0-9]{{1,20}}@({_LABEL}\.)+{_MAIL_TOP}>",
        "hostname": _HOST,
        "idn-hostname": _HOST,
        "domain": _DOMAIN,
        "ipv4": _IPV4,
        "ipv4-network": rf"({_IPV4}/32|{_NUMBER}\.({_NUMBER}\.({_NUMBER}\.0/24|0\.0/16)|0\.0\.0/8))",
        "ipv4-interface": rf"{_IPV4}/([12]?\d|3[0-2])",
        "ipv6": _IPV6,
        "ipv6-network": rf"{_IPV6}/128",
        "ipv6-interface": rf"{_IPV6}/([1-9]?\d|1[01]\d|12[0-8])",
        "mac": "[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}",
        "uri": _URI,
        "iri": _URI,
        "uri-template": _URI,
        "uri-reference": rf"({_URI}|{_REFERENCE})",
        "iri-reference": rf"({_URI}|{_REFERENCE})",
        "http-url": rf"https?://{_AFTER}",
        "websocket-url": rf"wss?://{_AFTER}",
        "ftp-url": rf"ftp://{_AFTER}",
        "file-url": rf"file://({_SEGMENT})+",
        "s3-path": rf"s3://[a-z0-9][a-z0-9-]{{1,40}}[a-z0-9]({_SEGMENT})+",
        "postgres-dsn": _dsn(r"postgres|postgresql(\+(asyncpg|psycopg|psycopg2|pg8000))?", _DATABASE),
        "mysql-dsn": _dsn(r"mysql(\+(pymysql|aiomysql|asyncmy|mysqlconnector))?", _DATABASE),
        "mariadb-dsn": _dsn(r"mariadb(\+(pymysql|mariadbconnector))?", _DATABASE),
        "cockroach-dsn": _dsn(r"cockroachdb(\+(psycopg2|asyncpg))?", _DATABASE),
        "clickhouse-dsn": _dsn(r"clickhouse(\+(native|http|asynch))", _DATABASE),
        "mongo-dsn": _dsn("mongodb", _DATABASE),
        "redis-dsn": _dsn("rediss?", r"/\d{1,2}"),
        "amqp-dsn": _dsn("amqps?", _DATABASE),
        "kafka-dsn": _dsn("kafka", "", ""),
        "nats-dsn": _dsn("nats|tls", ""),
        "port": r"([1-9]\d{0,3}|[1-5]\d{4})",
        "json-pointer": _POINTER,
        "relative-json-pointer": rf"\d(#|{_POINTER})",
        "regex": r"\^?[A-Za-z0-9 _-]{1,40}\$?",
        "json": r'(-?(0|[1-9]\d{0,14})|"[A-Za-z0-9 ]{0,60}"|true|false|null|\[\]|\{\})',
        "base64": _base64("A-Za-z0-9+/"),
        "base64url": _base64("A-Za-z0-9_-"),
        "base64-text": _BASE64_TEXT,
        "password": r"[!-~]{1,64}",
        "path": rf"({_SEGMENT})+",
        "semver": r"(0|[1-9]\d{0,5})(\.(0|[1-9]\d{0,5})){2}(-[a-z]{1,10}(\.[1-9]\d{0,2})?)?(\+[a-z0-9]{1,12})?",
        "duration": r"P(\d{1,4}D(T\d{1,4}[HMS])?|\d{1,4}[YMW]|T\d{1,4}[HMS])",
        "color": "#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})",
        "phone": pattern_of_numbers((*FICTION, *RANGES)),
        "phone-international": pattern_of_numbers((*FICTION, *RANGES), "international"),
        "phone-rfc3966": pattern_of_numbers((*FICTION, *RANGES), "rfc3966"),
        "uuid": "[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
        "ulid": "[0-7][0-9A-HJKMNP-TV-Z]{25}",
        "latitude": r"-?([1-8]?\d(\.\d{1,9})?|90)",
        "longitude": r"-?((1[0-7]\d|[1-9]?\d)(\.\d{1,9})?|180)",
    }.items()
}
