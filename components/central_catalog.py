"""The governance account: one Data Catalog for all LoBs, its LF-tags, its key, its event bus and who may work on it.

What one LoB gets here (databases, location, roles, grants) is `lob_onboarding`. Tables, their tags and all shares
are made by the LoBs' own stacks through their steward roles.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.documents import catalog_policy, event_bus_policy, key_policy, key_use
from components.lake import lake_settings
from components.lob_onboarding import LobOnboarding, LobOnboardingArgs
from components.role_documents import WRITE_CATALOG_KEY
from governance.errors import MeshError
from governance.levels import DATA_PRODUCT, DOMAIN, SENSITIVITY
from governance.names import Names, Place
from governance.settings import Lob


@dataclass(frozen=True, kw_only=True)
class CentralCatalogArgs:
    """Inputs of a CentralCatalog."""

    place: Place
    """The governance account and region."""

    names: Names
    """Physical names of the mesh."""

    admins: Sequence[str]
    """Role ARNs of the data lake administrators; the deploy role must be one."""

    lobs: Sequence[Lob]
    """LoBs with their accounts and approved products."""

    consumer_accounts: Sequence[str]
    """Account ids that may be shared to."""

    levels: Sequence[str]
    """Sensitivity levels from open to closed."""

    organization_id: str | None = None
    """Organization of all accounts, if they have one."""

    existing_catalog_policy: Sequence[Mapping[str, Any]] = ()
    """Statements the catalog policy must keep; none leaves the account without a catalog policy."""

    external_id: str | None = None
    """External id that the steward roles ask for."""

    disposable: bool = False
    """Whether destroying the stack may delete the catalog's key."""

    def __post_init__(self) -> None:
        if not self.lobs:
            raise MeshError("name at least one LoB", "CentralCatalogArgs.lobs")
        if not self.admins:
            raise MeshError(
                "name the deploy role; without an administrator nobody can grant", "CentralCatalogArgs.admins"
            )


class CentralCatalog(pulumi.ComponentResource):
    """Lake Formation settings, catalog encryption, LF-tags, event bus and the onboarded LoBs."""

    catalog_key_arn: pulumi.Output[str]
    event_bus_arn: pulumi.Output[str]
    steward_role_arns: dict[str, pulumi.Output[str]]
    registration_role_arns: dict[str, pulumi.Output[str]]
    databases: dict[str, pulumi.Output[str]]

    def __init__(
        self, name: str, args: CentralCatalogArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mesh:governance:CentralCatalog", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        settings = lake_settings(f"{name}-lake", args.admins, opts=child)
        key, encryption = _encryption(name, args, child)
        bus = _event_bus(name, args, child)
        tags = _tags(name, args, pulumi.ResourceOptions(parent=self, depends_on=[settings]))
        if args.existing_catalog_policy:
            aws.glue.ResourcePolicy(
                f"{name}-catalog-policy",
                policy=json.dumps(
                    catalog_policy(args.place, [dict(item) for item in args.existing_catalog_policy])
                ),
                enable_hybrid="TRUE",
                opts=child,
            )
        onboarded = {
            lob.name: LobOnboarding(
                f"{name}-{lob.name}",
                LobOnboardingArgs(
                    lob=lob,
                    central=args.place,
                    names=args.names,
                    levels=args.levels,
                    catalog_key_arn=key.arn,
                    external_id=args.external_id,
                    after=[settings, encryption, *tags],
                ),
                opts=child,
            )
            for lob in args.lobs
        }
        self.catalog_key_arn = key.arn
        self.event_bus_arn = bus.arn
        self.steward_role_arns = {lob: part.steward_role_arn for lob, part in onboarded.items()}
        self.registration_role_arns = {lob: part.registration_role_arn for lob, part in onboarded.items()}
        self.databases = {
            p: database for part in onboarded.values() for p, database in part.databases.items()
        }
        self.register_outputs(
            {
                "catalog_key_arn": self.catalog_key_arn,
                "event_bus_arn": self.event_bus_arn,
                "steward_role_arns": self.steward_role_arns,
                "registration_role_arns": self.registration_role_arns,
                "databases": self.databases,
            }
        )


def _places(args: CentralCatalogArgs, accounts: Iterable[str]) -> list[Place]:
    return [Place(account_id=account, region=args.place.region) for account in sorted(set(accounts))]


def _members(args: CentralCatalogArgs) -> list[Place]:
    return _places(args, [*(lob.account_id for lob in args.lobs), *args.consumer_accounts])


def _encryption(
    name: str, args: CentralCatalogArgs, child: pulumi.ResourceOptions
) -> tuple[aws.kms.Key, aws.glue.DataCatalogEncryptionSettings]:
    """A customer-managed key for the catalog; members use it only through Glue, and only LoBs to write."""
    via_glue = {"StringEquals": {"kms:ViaService": f"glue.{args.place.region}.amazonaws.com"}}
    readers = key_use(
        "CatalogReaders", [place.root_arn for place in _members(args)], ["kms:Decrypt"], **via_glue
    )
    writers = key_use(
        "CatalogWriters",
        [place.root_arn for place in _places(args, (lob.account_id for lob in args.lobs))],
        WRITE_CATALOG_KEY,
        **via_glue,
    )
    key = aws.kms.Key(
        f"{name}-key",
        description="Encrypts the Data Catalog of the mesh",
        enable_key_rotation=True,
        deletion_window_in_days=30,
        policy=json.dumps(key_policy(args.place, readers, writers)),
        opts=pulumi.ResourceOptions(parent=child.parent, protect=not args.disposable or None),
    )
    aws.kms.Alias(
        f"{name}-key-alias",
        name=f"alias/{args.names.namespace}-catalog",
        target_key_id=key.key_id,
        opts=child,
    )
    encryption = aws.glue.DataCatalogEncryptionSettings(
        f"{name}-encryption",
        data_catalog_encryption_settings=aws.glue.DataCatalogEncryptionSettingsDataCatalogEncryptionSettingsArgs(
            connection_password_encryption=aws.glue.DataCatalogEncryptionSettingsDataCatalogEncryptionSettingsConnectionPasswordEncryptionArgs(
                aws_kms_key_id=key.arn, return_connection_password_encrypted=True
            ),
            encryption_at_rest=aws.glue.DataCatalogEncryptionSettingsDataCatalogEncryptionSettingsEncryptionAtRestArgs(
                catalog_encryption_mode="SSE-KMS", sse_aws_kms_key_id=key.arn
            ),
        ),
        opts=child,
    )
    return key, encryption


def _event_bus(name: str, args: CentralCatalogArgs, child: pulumi.ResourceOptions) -> aws.cloudwatch.EventBus:
    """Where members put what happened to their products."""
    bus_name = args.names.event_bus()
    bus = aws.cloudwatch.EventBus(f"{name}-events", name=bus_name, opts=child)
    bus_arn = args.place.arn("events", f"event-bus/{bus_name}")
    aws.cloudwatch.EventBusPolicy(
        f"{name}-events-policy",
        event_bus_name=bus.name,
        policy=json.dumps(event_bus_policy(bus_arn, _members(args), args.organization_id)),
        opts=child,
    )
    return bus


def _tags(name: str, args: CentralCatalogArgs, opts: pulumi.ResourceOptions) -> list[aws.lakeformation.LfTag]:
    """The language of access. A tag needs all its values when it is made, so they follow from configuration."""
    values = {
        DOMAIN: [lob.name for lob in args.lobs],
        DATA_PRODUCT: [product for lob in args.lobs for product in lob.products],
        SENSITIVITY: list(args.levels),
    }
    return [
        aws.lakeformation.LfTag(
            f"{name}-tag-{key}", key=key, values=sorted(items), catalog_id=args.place.account_id, opts=opts
        )
        for key, items in values.items()
        if items
    ]
