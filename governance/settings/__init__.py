"""What the stack files say, checked before anything is registered."""

from governance.settings.model import (
    KEYS,
    OF_ROLE,
    ROLES,
    CentralSettings,
    Common,
    ConsumerRole,
    ConsumerSettings,
    Lob,
    PackageVersion,
    ProducerSettings,
    Product,
    ProductionSettings,
    Settings,
    Share,
    Subscription,
    keys_of,
)

__all__ = [
    "KEYS",
    "OF_ROLE",
    "ROLES",
    "CentralSettings",
    "Common",
    "ConsumerRole",
    "ConsumerSettings",
    "Lob",
    "PackageVersion",
    "ProducerSettings",
    "Product",
    "ProductionSettings",
    "Settings",
    "Share",
    "Subscription",
    "keys_of",
]
