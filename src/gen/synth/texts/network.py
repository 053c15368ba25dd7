"""This file knows texts of networks: addresses, hosts, e-mail, URIs, connection strings.

Hosts end in example.com, .net or .org, which are nobody's (RFC 2606); IPv6 addresses are of the prefix kept for
documentation, 2001:db8::/32 (RFC 3849). So no text names a real person's mailbox or a real site.
"""

from __future__ import annotations

from functools import lru_cache

from gen.synth.names import given_names, surnames
from gen.synth.texts.format import (
    DIGITS,
    LETTERS,
    Format,
    falling,
    numbers,
    plain_numbers,
    product,
    some,
    strings,
    words_of,
)
from gen.synth.texts.lists import Texts
from gen.synth.texts.pieces import Pieces

HOSTS = ("example.com", "example.net", "example.org")
SERVICES = "www api app mail shop blog docs static cdn img auth login news data files status store media help portal"
SITES = "eu us asia north south east west fra1 lon2 nyc3 sgp1 tor1 ams3 blr1 prod staging test lab dev office"
SECTIONS = "products orders articles users search help news about contact events images reports jobs docs account store"
USERS = ["app", "admin", "service", "reader", "writer", "backup", "report", "billing", "events", "worker"]
DATABASES = ["shop", "orders", "billing", "inventory", "analytics", "users", "events", "reports", "archive", "catalog"]

_HOST = r"([a-z][a-z0-9]{0,15}(-[a-z0-9]{1,10})?\.){0,2}example\.(com|net|org)"
_PATH = r"(/[a-z0-9]+(-[a-z0-9]+){0,3}){1,4}"
_QUERY = r"(\?[a-z]{1,10}=[a-z0-9]{1,10}(&[a-z]{1,10}=[a-z0-9]{1,10}){0,2})?(#[a-z]{1,10})?"
_OCTET = r"(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = rf"([1-9]|[1-9]\d|1\d\d|2[01]\d|22[0-3])(\.{_OCTET}){{3}}"
_GROUP = "[1-9a-f][0-9a-f]{0,3}"
_IPV6 = rf"2001:db8(:{_GROUP}){{6}}"
_MAIL = r"[a-z]{1,16}(\.[a-z]{1,16})?\d{0,4}@([a-z]{1,8}\.)?example\.(com|net|org)"


# -- hosts ----------------------------------------------------------------------------------------------------


@lru_cache
def hosts() -> Texts:
    """Hosts such as api.eu.example.com: every service at every site, and the bare domains."""
    services, sites = SERVICES.split(), ["", *(f".{site}" for site in SITES.split())]
    return some([*HOSTS, *(f"{service}{site}.{host}" for service in services for site in sites for host in HOSTS)])


def _hostname() -> Pieces:
    return Pieces.of(some(SERVICES.split()), "-", numbers(2), ".", some(SITES.split()), ".", some(HOSTS))


def _wide_hosts() -> Texts:
    labels = words_of("world", "wide_labels")
    return Texts.of(f"{first}.{host}" for first in labels for host in HOSTS)


def _idn_hostname() -> Pieces:
    return Pieces.of(some(SERVICES.split()), ".", _wide_hosts())


# -- addresses ------------------------------------------------------------------------------------------------


@lru_cache
def _upper_half() -> Texts:
    """The first two numbers of an address that a host can have: 1.0 to 223.255, but not 127."""
    return Texts.of(f"{a}.{b}." for a in range(1, 224) if a != 127 for b in range(256))


@lru_cache
def _octet_pairs() -> Texts:
    return Texts.of(f"{a}.{b}" for a in range(256) for b in range(256))


@lru_cache
def _groups() -> Texts:
    """Groups of an IPv6 address but 0, which would be abbreviated (RFC 5952)."""
    return Texts.of(f"{number:x}:" for number in range(1, 65_536))


def _last_group() -> Texts:
    return Texts.of(f"{number:x}" for number in range(1, 65_536))


def _network() -> Texts:
    """The lower half of a network's address, host bits zero, with its prefix length."""
    lower = [f"{c}.0/24" for c in range(256)] + [f"{c}.{d}/28" for c in range(256) for d in range(0, 256, 16)]
    return Texts.of([*lower, "0.0/16", *(f"{c}.0/20" for c in range(0, 256, 16))])


def _mac() -> Pieces:
    first = Texts.of(f"{a:02x}:{b:02x}:" for a in range(0, 256, 4) for b in range(256))  # of one device, not of groups
    middle = Texts.of(f"{a:02x}:{b:02x}:" for a in range(256) for b in range(256))
    return Pieces.of(first, middle, Texts.of(f"{a:02x}:{b:02x}" for a in range(256) for b in range(256)))


def _ipv6(*after: Texts | str) -> Pieces:
    groups = _groups()
    return Pieces.of("2001:db8:", groups, groups, groups, groups, groups, _last_group(), *after)


# -- mail -----------------------------------------------------------------------------------------------------


@lru_cache
def _lower_surnames() -> Texts:
    names, weights = surnames()
    listed = dict(zip([name.lower() for name in names], weights.tolist(), strict=True))
    return Texts.of(listed, listed.values())


@lru_cache
def _lower_given() -> Texts:
    names, weights = given_names()
    return Texts.of([name.lower() for name in names], weights.tolist())


def _number_after_name() -> Texts:
    """Mostly nothing, or a number of up to four digits."""
    return Texts.of(["", *map(str, range(1, 3000))], [3000.0, *[1.0] * 2999])


def _mailboxes() -> Texts:
    return some([f"@{host}" for host in HOSTS] + [f"@{part}.{host}" for part in ("mail", "post") for host in HOSTS])


def _email() -> Pieces:
    return Pieces.of(_lower_given().wrapped(after="."), _lower_surnames(), _number_after_name(), _mailboxes())


def _name_email() -> Pieces:
    """A name, and a mailbox of that surname."""
    given, given_weights = given_names()
    names, weights = surnames()
    pairs = Texts.of([f"{name} <{name.lower()}" for name in names], weights.tolist())
    return Pieces.of(
        Texts.of([f"{name} " for name in given], given_weights.tolist()), pairs, _number_after_name(), _mailboxes(), ">"
    )


def _idn_email() -> Pieces:
    names = words_of("world", "wide_names")
    both = Texts.of(f"{first}.{second}" for first in names for second in names)
    return Pieces.of(both, _number_after_name(), "@", _wide_hosts())


# -- URIs -----------------------------------------------------------------------------------------------------


@lru_cache
def _slugs() -> Texts:
    """Two words, as page addresses have them."""
    words = [word for word in words_of("words", "words") if 4 <= len(word) <= 8][:250]
    return Texts.of(f"{first}-{second}" for first in dict.fromkeys(words) for second in words[:100] if first != second)


def _paths() -> tuple[Texts | str, ...]:
    """/section/slug, or with a number after it."""
    ends = Texts.of(["", *(f"/{n}" for n in range(1, 2000))], [2000.0, *[1.0] * 1999])
    return "/", some(SECTIONS.split()), "/", _slugs(), ends


def _queries() -> Texts:
    keys = ["page", "sort", "limit", "lang", "ref", "view"]
    asked = [f"?{key}={value}" for key in keys for value in (1, 2, 3, 10, 20, 50, "all", "en", "new")]
    return Texts.of(["", "#top", *asked], [30.0, 5.0, *[1.0] * len(asked)])


def _uri(scheme: Texts | str) -> Pieces:
    return Pieces.of(scheme, "://", hosts(), *_paths(), _queries())


def _uri_reference() -> Pieces:
    """A whole URI, or one relative to the page it stands on."""
    starts = [f"https://{host}/" for host in HOSTS] + ["/", "./", "../", "../../", ""]
    return Pieces.of(some(starts), some(SECTIONS.split()), "/", _slugs(), _queries())


def _iri(starts: Texts) -> Pieces:
    labels = words_of("world", "wide_labels")
    pages = Texts.of(f"{first}-{second}" for first in labels for second in labels)
    return Pieces.of(starts, some(SECTIONS.split()), "/", pages, _queries())


def _uri_template() -> Pieces:
    expansions = [
        "",
        "{?page,limit}",
        "{?query*}",
        "{#section}",
        "/{id}",
        "{/id,part}",
        "{;version}",
        "{&lang}",
        "/{+path}",
    ]
    return Pieces.of("https://", hosts(), "/", some(SECTIONS.split()), "/{id}/", _slugs(), Texts.of(expansions))


def _file_uri() -> Pieces:
    folders = ["/home/app", "/srv/data", "/var/log", "/opt/import", "/tmp/export", "/mnt/share"]
    kinds = [".csv", ".json", ".txt", ".pdf", ".parquet", ".log", ".png"]
    return Pieces.of("file://", some(folders), "/", _slugs(), "-", numbers(3), some(kinds))


def _dsn(schemes: str, port: str, database: Texts | str, user: bool = True) -> Pieces:
    """scheme://user:password@host:port/database"""
    login = (some(USERS), ":", strings(LETTERS + DIGITS, 3), strings(LETTERS + DIGITS, 3), "@") if user else ()
    nodes = product("db-", numbers(2), ".", some(SITES.split()), ".", some(HOSTS))
    return Pieces.of(falling(schemes.split(), 0.5), "://", *login, nodes, f":{port}", database)


def _dsn_pattern(scheme: str, port: str, database: str, user: bool = True) -> str:
    login = "[a-z]{1,12}:[a-z0-9]{4,16}@" if user else ""
    return rf"{scheme}://{login}{_HOST}:{port}{database}"


def _dsn_format(schemes: str, port: str, database: Texts | str, pattern: str, user: bool = True) -> Format:
    every = "|".join(scheme.replace("+", r"\+") for scheme in schemes.split())
    return Format(lambda: _dsn(schemes, port, database, user), _dsn_pattern(f"({every})", port, pattern, user))


_NAMED, _NAMED_PATTERN = some(DATABASES).wrapped("/"), "/[a-z]{1,20}"
_REDIS = plain_numbers(0, 15).wrapped("/")
_WAREHOUSES = some(f"/{name}?warehouse={size}" for name in DATABASES for size in ("small", "medium", "large"))

DSN_FORMATS: dict[str, Format] = {
    "postgres-dsn": _dsn_format("postgresql postgres postgresql+psycopg", "5432", _NAMED, _NAMED_PATTERN),
    "mysql-dsn": _dsn_format("mysql mysql+pymysql", "3306", _NAMED, _NAMED_PATTERN),
    "mariadb-dsn": _dsn_format("mariadb mariadb+pymysql", "3306", _NAMED, _NAMED_PATTERN),
    "cockroach-dsn": _dsn_format("cockroachdb cockroachdb+psycopg2", "26257", _NAMED, _NAMED_PATTERN),
    "clickhouse-dsn": _dsn_format("clickhouse+native clickhouse+http", "9000", _NAMED, _NAMED_PATTERN),
    "mongo-dsn": _dsn_format("mongodb", "27017", _NAMED, _NAMED_PATTERN),
    "redis-dsn": _dsn_format("redis rediss", "6379", _REDIS, r"/(\d|1[0-5])"),
    "amqp-dsn": _dsn_format("amqp amqps", "5672", _NAMED, _NAMED_PATTERN),
    "kafka-dsn": _dsn_format("kafka", "9092", "", "", user=False),
    "nats-dsn": _dsn_format("nats tls", "4222", "", ""),
    "snowflake-dsn": _dsn_format("snowflake", "443", _WAREHOUSES, r"/[a-z]{1,20}\?warehouse=[a-z]{1,12}"),
}

_HTTP, _WEBSOCKET = falling(["https", "http"], 0.3), falling(["wss", "ws"], 0.3)
_IRI = r"/[a-zäöüßé東京]{1,20}(/[a-z0-9äöüßé東京-]{1,20}){0,3}"
_WIDE_STARTS = Texts.of(f"https://{host}/" for host in HOSTS)

FORMATS: dict[str, Format] = DSN_FORMATS | {
    "hostname": Format(_hostname, _HOST),
    "domain": Format(lambda: Pieces.of(hosts()), _HOST),
    "idn-hostname": Format(_idn_hostname, r"([a-z]{1,16}\.)?[a-zäöüßé]{1,20}\.example\.(com|net|org)"),
    "ipv4": Format(lambda: Pieces.of(_upper_half(), _octet_pairs()), _IPV4),
    "ipv4-network": Format(lambda: Pieces.of(_upper_half(), _network()), rf"{_IPV4}/32"),
    "ipv4-interface": Format(
        lambda: Pieces.of(_upper_half(), _octet_pairs(), plain_numbers(8, 30).wrapped("/")),
        rf"{_IPV4}/([89]|[12]\d|30)",
    ),
    "ipv6": Format(_ipv6, _IPV6),
    "ipv6-network": Format(
        lambda: Pieces.of("2001:db8:", _groups(), _groups(), ":/64"), rf"2001:db8:{_GROUP}:{_GROUP}::/64"
    ),
    "ipv6-interface": Format(lambda: _ipv6("/64"), f"{_IPV6}/64"),
    "mac": Format(_mac, "[0-9a-f][048c](:[0-9a-f]{2}){5}"),
    "email": Format(_email, _MAIL),
    "idn-email": Format(_idn_email, r"[a-zäöüßé]{1,16}(\.[a-zäöüßé]{1,16})?@example\.(com|net|org)"),
    "name-email": Format(_name_email, rf"[A-Z][a-z]{{1,16}} [A-Z][a-z]{{1,16}} <{_MAIL}>"),
    "uri": Format(lambda: _uri(_HTTP), rf"https?://{_HOST}{_PATH}{_QUERY}"),
    "uri-reference": Format(_uri_reference, rf"(https://{_HOST}|\.|\.\.(/\.\.)?)?{_PATH}{_QUERY}"),
    "iri": Format(lambda: _iri(_WIDE_STARTS), rf"https://{_HOST}{_IRI}{_QUERY}"),
    "iri-reference": Format(lambda: _iri(some([*_WIDE_STARTS.listed, "/", "../"])), _IRI + _QUERY),
    "uri-template": Format(_uri_template, rf"https://{_HOST}{_PATH}/\{{[a-z]{{1,10}}\}}(\{{\?[a-z]{{1,10}}\}})?"),
    "http-url": Format(lambda: _uri(_HTTP), rf"https?://{_HOST}{_PATH}{_QUERY}"),
    "websocket-url": Format(lambda: _uri(_WEBSOCKET), rf"wss?://{_HOST}{_PATH}{_QUERY}"),
    "ftp-url": Format(
        lambda: Pieces.of("ftp://", hosts(), "/pub/", _slugs(), some([".zip", ".tar.gz", ".csv", ".txt"])),
        rf"ftp://{_HOST}{_PATH}(\.[a-z]{{2,7}})?",
    ),
    "file-url": Format(_file_uri, r"file://(/[a-z0-9]+(-[a-z0-9]+){0,3}){1,5}(\.[a-z]{2,7})?"),
    "s3-path": Format(
        lambda: Pieces.of(
            "s3://",
            some(DATABASES),
            "-",
            some(SITES.split()),
            "/",
            numbers(4, 2015, 2030),
            "/",
            numbers(2, 1, 12),
            "/",
            _slugs(),
            some([".csv", ".parquet", ".json", ".gz"]),
        ),
        r"s3://[a-z][a-z0-9-]{1,20}[a-z0-9](/[a-z0-9]+(-[a-z0-9]+){0,3}){1,4}(\.[a-z]{2,7})?",
    ),
    "port": Format(lambda: Pieces.of(plain_numbers(1024, 49_151)), r"[1-9]\d{3}|[1-3]\d{4}"),
}
