"""This file knows the corpus's entries of pydantic-extra-types: colours, countries, codes and other checked texts."""

from __future__ import annotations

from typing import Annotated

import phonenumbers
from pydantic import Field
from pydantic_extra_types.color import Color
from pydantic_extra_types.coordinate import Coordinate, Latitude, Longitude
from pydantic_extra_types.country import CountryAlpha2, CountryAlpha3, CountryNumericCode, CountryShortName
from pydantic_extra_types.currency_code import ISO4217, Currency
from pydantic_extra_types.domain import DomainStr
from pydantic_extra_types.epoch import Integer as EpochInteger
from pydantic_extra_types.epoch import Number as EpochNumber
from pydantic_extra_types.isbn import ISBN
from pydantic_extra_types.language_code import ISO639_3, ISO639_5, LanguageAlpha2, LanguageName
from pydantic_extra_types.mac_address import MacAddress
from pydantic_extra_types.payment import PaymentCardBrand, PaymentCardNumber
from pydantic_extra_types.phone_numbers import PhoneNumber, PhoneNumberValidator
from pydantic_extra_types.routing_number import ABARoutingNumber
from pydantic_extra_types.s3 import S3Path
from pydantic_extra_types.script_code import ISO_15924
from pydantic_extra_types.semantic_version import SemanticVersion
from pydantic_extra_types.timezone_name import TimeZoneName
from pydantic_extra_types.ulid import ULID

from corpus.entries import field, group

GERMAN = Annotated[str | phonenumbers.PhoneNumber, PhoneNumberValidator(supported_regions=["DE"], default_region="DE")]

EXTRA_TYPES = group(
    "extra types",
    {
        "Color": field(Color, "red"),
        "Latitude": field(Latitude, 48.2),
        "Longitude": field(Longitude, 16.4),
        "Coordinate": field(Coordinate, (48.2, 16.4)),
        "CountryAlpha2": field(CountryAlpha2, "AT"),
        "CountryAlpha3": field(CountryAlpha3, "AUT"),
        "CountryNumericCode": field(CountryNumericCode, "040"),
        "CountryShortName": field(CountryShortName, "Austria"),
        "Currency": field(Currency, "EUR"),
        "ISO4217": field(ISO4217, "EUR"),
        "DomainStr": field(DomainStr, "mail.org"),
        "epoch Integer": field(EpochInteger, 1_700_000_000, stable=False),
        "epoch Number": field(EpochNumber, 1_700_000_000.5, stable=False),
        "ISBN": field(ISBN, "9783161484100"),
        "LanguageAlpha2": field(LanguageAlpha2, "de"),
        "LanguageName": field(LanguageName, "German"),
        "ISO639_3": field(ISO639_3, "deu"),
        "ISO639_5": field(ISO639_5, "gem"),
        "MacAddress": field(MacAddress, "00:00:5e:00:53:01"),
        "payment card number": field(PaymentCardNumber, "4242424242424242"),
        "payment card brand": field(PaymentCardBrand, "Visa"),
        "PhoneNumber": field(PhoneNumber, "+43 1 58801"),
        "PhoneNumber of a region": field(GERMAN, "+49 30 123456", refused=None),
        "ABARoutingNumber": field(ABARoutingNumber, "122105155"),
        "S3Path": field(S3Path, "s3://bucket/key", stable=False),
        "ISO_15924": field(ISO_15924, "Latn"),
        "SemanticVersion": field(SemanticVersion, "1.2.3"),
        "TimeZoneName": field(TimeZoneName, "Europe/Vienna"),
        "ULID": field(ULID, "01BTGNYV6HRNK8K8VKZASZCFPE"),
        "list of CountryAlpha2": field(list[CountryAlpha2], ["AT"]),
        "optional Color": field(Color | None, None),
        "Latitude bounded": field(Annotated[Latitude, Field(ge=47, le=49)], 48.2, refused=None),
    },
)
