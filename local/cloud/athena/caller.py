"""Who makes a request to Athena.

Owns joining the caller's identity with the session for the audit record. Deliberately not here: what the
caller may do (access).
"""

from __future__ import annotations

from typing import Any

from local.cloud import cloudtrail, identity
from local.cloud.athena.rights import Caller


def current(response: Any) -> Caller:
    """Return who makes a request, with the session for the audit."""
    found = identity.of_access_key(response.access_key)
    account = response.current_account
    session = cloudtrail.session_of(account, response.access_key)
    return Caller(
        account=account,
        arn=found.arn if found.account == account else f"arn:aws:iam::{account}:root",
        region=response.region,
        session_arn=session[0],
        access_key=response.access_key,
        user_id=session[1],
    )
