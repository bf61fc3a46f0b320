"""Chains of grants: what reaches a principal in one catalog, and by which steps.

Owns the way from the owner account over a share and a re-grant to a role. Deliberately not here: the record of what
arrives (`holdings`), which columns and rows a grant opens (`cells`), links (`links`) and who may make a grant
(`grants`).
"""

from __future__ import annotations

from collections.abc import Iterable

from governance.access.holdings import GRANTABLE, HELD, Entry, Holdings, Missing
from governance.access.index import Index
from governance.access.principals import account_of, everyone, short
from governance.snapshot.grants import (
    IAM_ALLOWED_PRINCIPALS,
    Grant,
    LocationRes,
    TagPolicyRes,
    TagRes,
)

TAG_SHARING_VERSION = 3
"""Lowest cross-account version at which tag shares and direct grants to foreign roles reach."""


def holdings(index: Index, principal: str, catalog: str) -> Holdings:
    """What reaches a role or user in a catalog, its own or a foreign one."""
    found = index.holdings.get((principal, catalog))
    if found is None:
        account = account_of(principal)
        made = _own(index, principal, catalog) if account == catalog else _foreign(index, principal, catalog)
        found = index.holdings[principal, catalog] = made.sort(index.sets)
    return found


def account_holdings(index: Index, account: str, catalog: str) -> Holdings:
    """What a foreign account as a whole holds: grants to it, and to the organization it is in.

    LFDG cross-account-permissions and cross-account-notes: the owner grants to accounts, organizations or
    units.
    """
    found = index.holdings.get((account, catalog))
    if found is None:
        made = Holdings(account, catalog, [])
        organization = index.snapshot.organization
        for grant in index.grants(catalog, catalog, account):
            _reach(index, made, grant, account)
        for grant in index.organization_grants(catalog):
            if grant.principal != organization.arn:
                text = f"who belongs to {grant.principal} is not known here, so its grant reaches nobody"
                made.block(grant, Missing("unknown-organization", text))
            elif account in organization.accounts:
                _reach(index, made, grant, account)
        found = index.holdings[account, catalog] = made.sort(index.sets)
    return found


def _own(index: Index, principal: str, catalog: str) -> Holdings:
    """Grants to the principal itself and to the groups it is in.

    LFDG access-control-underlying-data and metadata-permissions: IAMAllowedPrincipals are all principals of
    the catalog's account whom IAM allows; whether IAM does is the other half of the question (`iam`).
    """
    grants = index.grants(catalog, catalog, principal, IAM_ALLOWED_PRINCIPALS, everyone(catalog))
    return Holdings(principal, catalog, [_direct(grant) for grant in grants])


def _foreign(index: Index, principal: str, catalog: str) -> Holdings:
    """Direct grants, the account's shares for its lake admin, and re-grants inside the account.

    LFDG cross-account-permissions: a grant to an account reaches its data lake administrators, who grant on
    to roles; a grant may also name a foreign role directly. Grants do not travel further than one account
    (best practices, general-data-sharing: sharing is not transitive).
    """
    account = account_of(principal)
    share = account_holdings(index, account, catalog)
    made = Holdings(principal, catalog, [], account=share)
    for grant in index.grants(catalog, catalog, principal):
        _reach(index, made, grant, account)
    if index.is_admin(principal, account):
        made.entries.extend(share.entries)
    for grant in index.grants(account, catalog, principal, everyone(account)):
        _regrant(made, share, grant)
    return made


def _direct(grant: Grant) -> Entry:
    return Entry(grant.resource, grant.permitted, grant.may_grant, (grant,))


def _reach(index: Index, made: Holdings, grant: Grant, account: str) -> None:
    """Add an owner's grant to a foreign grantee, or note why it does not arrive."""
    missing = unreached(index, grant, account)
    if missing is None:
        made.entries.append(_direct(grant))
    else:
        made.block(grant, missing)


def unreached(index: Index, grant: Grant, account: str) -> Missing | None:
    """Why an owner's grant does not arrive in a foreign account, or None when it does.

    LFDG cross-account-prereqs, optimize-ram and best practices cross-account-versions: from version 3 on,
    tag shares go by RAM and grants may name foreign principals; a tag share from version 3 does not arrive
    in an account of a lower version, nor the reverse. LFDG cross-account-permissions: inside an
    organization a share is there at once, else its RAM invitation has to be accepted. LFDG
    granting-location-permissions: data locations use no RAM. That a direct grant to a foreign role outside
    the organization needs the acceptance of its account is not written there; it is taken to.
    """
    owner = grant.catalog
    tag_based = isinstance(grant.resource, TagPolicyRes | TagRes)
    if tag_based or grant.principal != account:
        for each in (owner, account) if tag_based else (owner,):
            if index.version(each) < TAG_SHARING_VERSION:
                text = f"account {each} has cross-account version {index.version(each)}; set it to 3 or later"
                return Missing("cross-account-version", text)
    if isinstance(grant.resource, LocationRes):
        return None
    together = index.snapshot.organization.accounts
    if (owner in together and account in together) or (owner, account) in index.snapshot.accepted:
        return None
    text = f"account {account} has not accepted the RAM share of {owner} and is in no organization with it"
    return Missing("share-not-accepted", text)


def _regrant(made: Holdings, share: Holdings, grant: Grant) -> None:
    """Add a re-grant made inside the recipient's account, as far as the account's share carries it.

    LFDG permission-cascading-rules: a tag policy may be passed on when it is identical to the owner's and
    that is grantable (rule 1), or when the account holds DESCRIBE on all tag values in it (rule 2; then it
    opens no more than the account holds). LFDG data-filtering-notes: a named re-grant of more than the
    account holds shows only what the account holds. That a re-grant lasts no longer than the share, and
    that named ones need a grantable share, is not written out there and taken as the cautious reading.
    """
    if not isinstance(grant.resource, TagPolicyRes):
        made.entries.append(Entry(grant.resource, grant.permitted, grant.may_grant, (grant,), GRANTABLE))
        return
    same = share.by_resource.get(grant.resource, [])
    passed = frozenset[str]().union(*(entry.grantable for entry in same))
    first = tuple(step for entry in same for step in entry.steps if entry.grantable & grant.permitted)
    if grant.permitted & passed:
        entry = Entry(grant.resource, grant.permitted & passed, grant.may_grant & passed, (*first, grant))
        made.entries.append(entry)
    rest = grant.permitted - passed
    if rest and describes_all(share.entries, grant.resource):
        made.entries.append(Entry(grant.resource, rest, frozenset(), (grant,), HELD))
    elif rest:
        made.block(grant, _not_passed(share, grant, bool(same)))


def describes_all(entries: Iterable[Entry], policy: TagPolicyRes) -> bool:
    """Whether entries give DESCRIBE on every tag value of a policy (LFDG permission-cascading-rules)."""
    held = {
        (entry.resource.key, value)
        for entry in entries
        if isinstance(entry.resource, TagRes) and "DESCRIBE" in entry.held
        for value in entry.resource.values
    }
    return all((key, value) in held for key, values in policy.expression for value in values)


def _not_passed(share: Holdings, grant: Grant, same: bool) -> Missing:
    if same:
        text = f"account {share.principal} holds the identical policy without the grant option"
        return Missing("not-grantable", text)
    text = (
        f"the re-grant to {short(grant.principal)} is not identical to a policy that account "
        f"{share.principal} may grant on"
    )
    return Missing("not-identical", text)
