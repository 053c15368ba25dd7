"""This file knows the corpus's identifiers and addresses: UUIDs, URLs, DSNs, IP addresses and paths."""

from __future__ import annotations

import ipaddress
import os
import pathlib
import uuid
from typing import Annotated

from pydantic import (
    UUID1,
    UUID3,
    UUID4,
    UUID5,
    UUID6,
    UUID7,
    UUID8,
    AmqpDsn,
    AnyHttpUrl,
    AnyUrl,
    AnyWebsocketUrl,
    ClickHouseDsn,
    CockroachDsn,
    DirectoryPath,
    Field,
    FilePath,
    FileUrl,
    FtpUrl,
    HttpUrl,
    IPvAnyAddress,
    IPvAnyInterface,
    IPvAnyNetwork,
    KafkaDsn,
    MariaDBDsn,
    MongoDsn,
    MySQLDsn,
    NatsDsn,
    NewPath,
    PostgresDsn,
    RedisDsn,
    SnowflakeDsn,
    UrlConstraints,
    WebsocketUrl,
)

from corpus.entries import field, group


def _uuid(version: int) -> str:
    return f"12345678-1234-{version}234-8234-123456789abc"


UUIDS = group(
    "UUID",
    {
        "UUID": field(uuid.UUID, uuid.UUID(int=1)),
        "UUID strict": field(Annotated[uuid.UUID, Field(strict=True)], uuid.UUID(int=1)),
        "UUID1": field(UUID1, _uuid(1)),
        "UUID3": field(UUID3, _uuid(3)),
        "UUID4": field(UUID4, _uuid(4)),
        "UUID5": field(UUID5, _uuid(5)),
        "UUID6": field(UUID6, _uuid(6)),
        "UUID7": field(UUID7, _uuid(7)),
        "UUID8": field(UUID8, _uuid(8)),
        "UUID default_factory": field(uuid.UUID, uuid.UUID(int=1), Field(default_factory=uuid.uuid4)),
    },
)

URLS = group(
    "URL",
    {
        "AnyUrl": field(AnyUrl, "https://a.org"),
        "AnyHttpUrl": field(AnyHttpUrl, "https://a.org"),
        "HttpUrl": field(HttpUrl, "https://a.org"),
        "HttpUrl max_length": field(Annotated[HttpUrl, Field(max_length=30)], "https://a.org", refused=None),
        "URL of constraints": field(
            Annotated[AnyUrl, UrlConstraints(allowed_schemes=["sftp", "scp"], host_required=True, max_length=40)],
            "sftp://a.org",
        ),
        "URL with defaults": field(
            Annotated[AnyUrl, UrlConstraints(allowed_schemes=["x"], default_port=99, default_path="/y")], "x://a"
        ),
        "FileUrl": field(FileUrl, "file:///tmp/a"),
        "FtpUrl": field(FtpUrl, "ftp://a.org"),
        "WebsocketUrl": field(WebsocketUrl, "ws://a.org"),
        "AnyWebsocketUrl": field(AnyWebsocketUrl, "wss://a.org"),
        "PostgresDsn": field(PostgresDsn, "postgresql://u:p@a.org:5432/d"),
        "CockroachDsn": field(CockroachDsn, "cockroachdb://u:p@a.org:26257/d"),
        "AmqpDsn": field(AmqpDsn, "amqp://u:p@a.org"),
        "RedisDsn": field(RedisDsn, "redis://:p@a.org:6379/0"),
        "MongoDsn": field(MongoDsn, "mongodb://a.org:27017"),
        "KafkaDsn": field(KafkaDsn, "kafka://a.org:9092"),
        "NatsDsn": field(NatsDsn, "nats://a.org:4222"),
        "MySQLDsn": field(MySQLDsn, "mysql://u:p@a.org:3306/d"),
        "MariaDBDsn": field(MariaDBDsn, "mariadb://u:p@a.org:3306/d"),
        "ClickHouseDsn": field(ClickHouseDsn, "clickhouse+native://u:p@a.org:9000/d"),
        "SnowflakeDsn": field(SnowflakeDsn, "snowflake://u:p@account/d"),
    },
)

ADDRESSES = group(
    "IP",
    {
        "IPv4Address": field(ipaddress.IPv4Address, "192.0.2.1"),
        "IPv6Address": field(ipaddress.IPv6Address, "2001:db8::1"),
        "IPv4Interface": field(ipaddress.IPv4Interface, "192.0.2.1/24"),
        "IPv6Interface": field(ipaddress.IPv6Interface, "2001:db8::1/64"),
        "IPv4Network": field(ipaddress.IPv4Network, "192.0.2.0/24"),
        "IPv6Network": field(ipaddress.IPv6Network, "2001:db8::/64"),
        "IPvAnyAddress": field(IPvAnyAddress, "192.0.2.1"),
        "IPvAnyInterface": field(IPvAnyInterface, "192.0.2.1/24"),
        "IPvAnyNetwork": field(IPvAnyNetwork, "192.0.2.0/24"),
        "IPv4Address optional": field(ipaddress.IPv4Address | None, None),
        "IPv4Address or IPv6Address": field(ipaddress.IPv4Address | ipaddress.IPv6Address, "192.0.2.1"),
    },
)

PATHS = group(
    "path",
    {
        "Path": field(pathlib.Path, "a/b"),
        "PurePath": field(pathlib.PurePath, "a/b"),
        "PurePosixPath": field(pathlib.PurePosixPath, "a/b"),
        "PureWindowsPath": field(pathlib.PureWindowsPath, "a/b"),
        "os.PathLike": field(os.PathLike[str], "a/b"),
        # Which files exist is no fact of a declaration: rows that hold on one machine alone are none.
        "FilePath": field(FilePath, __file__, refused=None),
        "DirectoryPath": field(DirectoryPath, pathlib.Path(__file__).parent, refused=None),
        "NewPath": field(NewPath, pathlib.Path(__file__).parent / "new", refused=None),
    },
)

NETWORKS = UUIDS + URLS + ADDRESSES + PATHS
