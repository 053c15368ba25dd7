"""This file knows which text format the string-like types of Pydantic and of Python's own library have.

They are told by module and qualified name, so that none of those packages need be there.
"""

from __future__ import annotations

_NETWORKS = {
    "EmailStr": "email",
    "NameEmail": "name-email",
    "AnyUrl": "uri",
    "AnyHttpUrl": "http-url",
    "HttpUrl": "http-url",
    "FileUrl": "file-url",
    "FtpUrl": "ftp-url",
    "WebsocketUrl": "websocket-url",
    "AnyWebsocketUrl": "websocket-url",
    "PostgresDsn": "postgres-dsn",
    "MySQLDsn": "mysql-dsn",
    "MariaDBDsn": "mariadb-dsn",
    "CockroachDsn": "cockroach-dsn",
    "MongoDsn": "mongo-dsn",
    "RedisDsn": "redis-dsn",
    "AmqpDsn": "amqp-dsn",
    "KafkaDsn": "kafka-dsn",
    "NatsDsn": "nats-dsn",
    "ClickHouseDsn": "clickhouse-dsn",
    "SnowflakeDsn": "snowflake-dsn",
    "IPvAnyAddress": "ipv4",
    "IPvAnyInterface": "ipv4-interface",
    "IPvAnyNetwork": "ipv4-network",
}
_PYDANTIC = {
    "Json": "json",
    "SecretStr": "password",
    "SecretBytes": "password",
    "ByteSize": "byte-size",
    "Base64Encoder": "base64",
    "Base64UrlEncoder": "base64url",
    "Base64Bytes": "base64",
    "Base64Str": "base64-text",
    "Base64UrlBytes": "base64url",
    "Base64UrlStr": "base64-text",
    "PaymentCardNumber": "payment-card",
}
_LIBRARY = {
    "uuid.UUID": "uuid",
    "ipaddress.IPv4Address": "ipv4",
    "ipaddress.IPv4Interface": "ipv4-interface",
    "ipaddress.IPv4Network": "ipv4-network",
    "ipaddress.IPv6Address": "ipv6",
    "ipaddress.IPv6Interface": "ipv6-interface",
    "ipaddress.IPv6Network": "ipv6-network",
    "pathlib.PurePath": "path",
    "pathlib.Path": "path",
    "re.Pattern": "regex",
    "zoneinfo.ZoneInfo": "time-zone",
    "zoneinfo._zoneinfo.ZoneInfo": "time-zone",
}
_EXTRA = {
    "color.Color": "color",
    "country.CountryAlpha2": "country-alpha2",
    "country.CountryAlpha3": "country-alpha3",
    "country.CountryNumericCode": "country-numeric",
    "country.CountryShortName": "country-name",
    "cron.CronStr": "cron",
    "currency_code.ISO4217": "currency",
    "currency_code.Currency": "currency",
    "domain.DomainStr": "domain",
    "iban.IBAN": "iban",
    "isbn.ISBN": "isbn13",
    "language_code.LanguageAlpha2": "language-alpha2",
    "language_code.LanguageName": "language-name",
    "language_code.ISO639_3": "language-alpha3",
    "mac_address.MacAddress": "mac",
    "mime_types.MimeType": "media-type",
    "mongo_object_id.MongoObjectId": "object-id",
    "payment.PaymentCardNumber": "payment-card",
    "phone_numbers.PhoneNumber": "phone",
    "routing_number.ABARoutingNumber": "routing-number",
    "s3.S3Path": "s3-path",
    "script_code.ISO_15924": "script",
    "semantic_version.SemanticVersion": "semver",
    "semver._VersionPydanticAnnotation": "semver",
    "timezone_name.TimeZoneName": "time-zone",
    "ulid.ULID": "ulid",
}

# dotted name of the type -> format
PYTHON_TYPES: dict[str, str] = (
    {f"pydantic.networks.{name}": kind for name, kind in _NETWORKS.items()}
    | {f"pydantic.types.{name}": kind for name, kind in _PYDANTIC.items()}
    | {f"pydantic_extra_types.{name}": kind for name, kind in _EXTRA.items()}
    | _LIBRARY
)


def format_of_type(kind: type) -> str | None:
    """The format of a type or of the nearest of its base classes that is listed; None where none is."""
    for ancestor in getattr(kind, "__mro__", (kind,)):
        found = PYTHON_TYPES.get(f"{ancestor.__module__}.{ancestor.__qualname__}")
        if found:
            return found
    return None
