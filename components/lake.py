"""Small helpers around Lake Formation that all three components share: account settings and grant shapes.

A grant is always one `aws.lakeformation.Permissions` per (principal, resource) with the full set of permissions
that Lake Formation reads back, never `ALL`, never to an administrator: these are the shapes that do not flap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from governance.levels import Expression
from governance.names import Place

CROSS_ACCOUNT_VERSION = "4"
"""Below 3, tag-based shares do not go through RAM and never reach an account that is at 3 or later."""


def lake_settings(
    name: str, admins: Sequence[str], *, trusted_owners: Sequence[str] = (), opts: pulumi.ResourceOptions
) -> aws.lakeformation.DataLakeSettings:
    """The account's one owner of Lake Formation settings.

    Leaving the default-permission blocks out clears IAMAllowedPrincipals for new databases and tables. The API
    replaces the whole object and its delete would remove the administrators, so the settings outlive the stack.

    Parameters
    ----------
    admins
        Role ARNs; the deploy role must be among them.
    trusted_owners
        Accounts whose audit trail may name this account's principals.
    opts
        The resource's own options: its parent or provider.
    """
    return aws.lakeformation.DataLakeSettings(
        name,
        admins=sorted(admins),
        parameters={"CROSS_ACCOUNT_VERSION": CROSS_ACCOUNT_VERSION},
        trusted_resource_owners=sorted(trusted_owners) or None,
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(retain_on_delete=True)),
    )


@dataclass(frozen=True, kw_only=True)
class Granter:
    """Makes the grants of one catalog owner to one principal.

    Parameters
    ----------
    name
        Prefix of the resources' names; unique per principal.
    principal
        Role ARN or account id.
    catalog
        Account that owns the catalog.
    opts
        Options of every grant: parent, provider, what must exist first.
    """

    name: str
    principal: pulumi.Input[str]
    catalog: Place
    opts: pulumi.ResourceOptions

    def policy(
        self,
        what: str,
        kind: str,
        expression: Expression,
        permissions: Sequence[str],
        grantable: Sequence[str] = (),
    ) -> aws.lakeformation.Permissions:
        """Permissions on all databases (`DATABASE`) or tables (`TABLE`) that carry the expression's tags."""
        return aws.lakeformation.Permissions(
            f"{self.name}-{what}",
            principal=self.principal,
            catalog_id=self.catalog.account_id,
            permissions=sorted(permissions),
            permissions_with_grant_options=sorted(grantable),
            lf_tag_policy=aws.lakeformation.PermissionsLfTagPolicyArgs(
                catalog_id=self.catalog.account_id,
                resource_type=kind,
                expressions=[
                    aws.lakeformation.PermissionsLfTagPolicyExpressionArgs(key=key, values=list(values))
                    for key, values in expression
                ],
            ),
            opts=self.opts,
        )

    def tag(
        self, key: str, values: Sequence[str], permissions: Sequence[str]
    ) -> aws.lakeformation.Permissions:
        """Permissions on some values of one LF-tag."""
        return aws.lakeformation.Permissions(
            f"{self.name}-tag-{key}",
            principal=self.principal,
            catalog_id=self.catalog.account_id,
            permissions=sorted(permissions),
            permissions_with_grant_options=[],
            lf_tag=aws.lakeformation.PermissionsLfTagArgs(
                catalog_id=self.catalog.account_id, key=key, values=sorted(values)
            ),
            opts=self.opts,
        )

    def cells(
        self, what: str, database: pulumi.Input[str], table: pulumi.Input[str], name: pulumi.Input[str]
    ) -> aws.lakeformation.Permissions:
        """SELECT, to be passed on, on the columns and rows of one data cells filter."""
        return aws.lakeformation.Permissions(
            f"{self.name}-{what}",
            principal=self.principal,
            permissions=["SELECT"],
            permissions_with_grant_options=["SELECT"],
            data_cells_filter=aws.lakeformation.PermissionsDataCellsFilterArgs(
                table_catalog_id=self.catalog.account_id, database_name=database, table_name=table, name=name
            ),
            opts=self.opts,
        )

    def location(
        self, what: str, arn: pulumi.Input[str], *, grantable: bool
    ) -> aws.lakeformation.Permissions:
        """Permission to make tables that point to a registered location."""
        return aws.lakeformation.Permissions(
            f"{self.name}-{what}",
            principal=self.principal,
            catalog_id=self.catalog.account_id,
            permissions=["DATA_LOCATION_ACCESS"],
            permissions_with_grant_options=["DATA_LOCATION_ACCESS"] if grantable else [],
            data_location=aws.lakeformation.PermissionsDataLocationArgs(
                arn=arn, catalog_id=self.catalog.account_id
            ),
            opts=self.opts,
        )

    def database(
        self, what: str, database: pulumi.Input[str], permissions: Sequence[str]
    ) -> aws.lakeformation.Permissions:
        """Permissions on one database or resource link by name, in this account's own catalog."""
        return aws.lakeformation.Permissions(
            f"{self.name}-{what}",
            principal=self.principal,
            permissions=sorted(permissions),
            permissions_with_grant_options=[],
            catalog_id=self.catalog.account_id,
            database=aws.lakeformation.PermissionsDatabaseArgs(
                name=database, catalog_id=self.catalog.account_id
            ),
            opts=self.opts,
        )
