"""A consumer account's Lake Formation half: a resource link per product, and each role's grants at its clearance.

A role is opened to the lower of its own clearance and the share's. What is passed on is, to the letter, an expression
the account was given, because that is what Lake Formation lets an account pass on without holding the tags.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.dynamic_session import Actor
from components.lake import Granter
from components.regrant import Regrant, cells, tag_policy
from governance.levels import clearance_expression, lowest, product_expression
from governance.names import Place, database_name, filter_name, link_name
from governance.settings import ConsumerRole, Subscription


@dataclass(frozen=True, kw_only=True)
class ConsumerAccessArgs:
    """Inputs of a ConsumerAccess."""

    consumer: str
    """Name of the consumer in the mesh; filters made for it carry it."""

    place: Place
    """The consumer's account and region."""

    central: Place
    """Account that owns the catalog."""

    levels: Sequence[str]
    """Sensitivity levels from open to closed."""

    admin: Actor
    """Lake Formation administrator of this account, who passes grants on."""

    roles: Sequence[ConsumerRole]
    """Roles and their clearances."""

    role_arns: Mapping[str, pulumi.Output[str]]
    """Role name -> ARN."""

    subscriptions: Sequence[Subscription]
    """Products and the clearance they are shared at."""

    after: Sequence[pulumi.Resource]
    """What must stand first: Lake Formation settings, accepted shares."""

    tags: Mapping[str, str]
    """Tags of everything here."""


class ConsumerAccess(pulumi.ComponentResource):
    """Resource links and the roles' grants."""

    resource_links: dict[str, pulumi.Output[str]]

    def __init__(
        self, name: str, args: ConsumerAccessArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mesh:ml:ConsumerAccess", name, None, opts)
        self.resource_links = {}
        for subscription in args.subscriptions:
            link = aws.glue.CatalogDatabase(
                f"{name}-link-{subscription.product}",
                name=link_name(subscription.product),
                target_database=aws.glue.CatalogDatabaseTargetDatabaseArgs(
                    catalog_id=args.central.account_id, database_name=database_name(subscription.product)
                ),
                tags={**args.tags, "data-product": subscription.product},
                opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.after)),
            )
            for role in args.roles:
                # A dot, which names have none of: product `a-b` with role `c` is not product `a` with role `b-c`.
                _open(f"{name}-{subscription.product}.{role.name}", args, subscription, role, link, self)
            self.resource_links[subscription.product] = link.name
        self.register_outputs({"resource_links": self.resource_links})


def _open(
    name: str,
    args: ConsumerAccessArgs,
    subscription: Subscription,
    role: ConsumerRole,
    link: aws.glue.CatalogDatabase,
    parent: pulumi.Resource,
) -> None:
    """DESCRIBE on the link and the database behind it, SELECT up to the clearance on its tables."""
    principal = args.role_arns[role.name]
    after = pulumi.ResourceOptions(parent=parent, depends_on=[link])
    Granter(name=name, principal=principal, catalog=args.place, opts=after).database(
        "link", link.name, ["DESCRIBE"]
    )
    clearance = lowest(role.clearance, subscription.clearance, args.levels)
    central, product = args.central.account_id, subscription.product
    passed_on = {"database": (tag_policy(central, "DATABASE", product_expression(product)), ["DESCRIBE"])}
    for table in subscription.filtered_tables:
        shown = cells(central, database_name(product), table, filter_name(args.consumer, clearance))
        passed_on[f"cells-{table}"] = (shown, ["SELECT"])
    if not subscription.filtered_tables:
        tables = tag_policy(central, "TABLE", clearance_expression(product, clearance, args.levels))
        passed_on["tables"] = (tables, ["DESCRIBE", "SELECT"])
    for what, (resource, permissions) in passed_on.items():
        Regrant(
            f"{name}-{what}",
            actor=args.admin,
            principal=principal,
            resource=resource,
            permissions=permissions,
            opts=after,
        )
