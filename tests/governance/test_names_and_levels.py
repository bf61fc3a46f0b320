"""Physical names within AWS's limits and apart from each other; clearances as the order of levels says."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from governance.errors import MeshError
from governance.levels import (
    DEFAULT_LEVELS,
    check_level,
    clearance_expression,
    cleared_levels,
    expression,
    lowest,
    owner_expression,
    product_expression,
)
from governance.names import NAME_PATTERN, Names, Place, check_name, fit, link_name, partition

PLACE = Place(account_id="222233334444", region="ap-southeast-2")
NAMES = st.from_regex(NAME_PATTERN, fullmatch=True).map(str.strip)
LEVELS = st.lists(NAMES, min_size=1, max_size=8, unique=True)
S3 = re.compile(r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$")
IAM = re.compile(r"^[A-Za-z0-9+=,.@_-]{1,64}$")


@given(st.text(alphabet="ab-", min_size=1, max_size=120), st.integers(20, 63))
def test_a_fitted_name_is_never_too_long_and_short_ones_stay(name: str, limit: int) -> None:
    fitted = fit(name, limit)
    assert len(fitted) <= limit
    assert fitted == name or len(name) > limit, "what fits is left alone"
    assert fit(name, limit) == fitted, "another account must come to the same name"


@given(st.text(alphabet="ab-", min_size=64, max_size=120), st.text(alphabet="ab-", min_size=64, max_size=120))
def test_two_long_names_stay_apart(one: str, other: str) -> None:
    assume(one != other)
    assert fit(one, 63) != fit(other, 63), "two products would share a bucket"


@given(NAMES, NAMES)
def test_names_of_one_product_are_valid_and_apart(namespace: str, product: str) -> None:
    names = Names(namespace=namespace)
    buckets = [names.product_bucket(product, PLACE), names.log_bucket(product, PLACE)]
    assert all(S3.match(bucket) for bucket in buckets), buckets
    assert len(set(buckets)) == 2
    roles = [names.curation_role(product), names.crawler_role(product), names.steward_role(product),
             names.registration_role(product), names.consumer_role(product)]  # fmt: skip
    assert all(IAM.match(role) for role in roles), roles
    assert len(set(roles)) == len(roles)
    assert names.registered_location(product, PLACE).endswith(f"{buckets[0]}/curated")


@given(NAMES, NAMES)
def test_no_two_products_share_a_bucket(one: str, other: str) -> None:
    assume(one != other)
    names = Names(namespace="mesh")
    buckets = {
        make(product, PLACE) for make in (names.product_bucket, names.log_bucket) for product in (one, other)
    }
    assert len(buckets) == 4


def test_a_product_whose_name_ends_in_logs_keeps_its_own_bucket() -> None:
    names = Names(namespace="mesh")
    assert names.product_bucket("cards-logs", PLACE) != names.log_bucket("cards", PLACE)


@pytest.mark.parametrize(
    ("region", "found"),
    [
        ("eu-west-1", "aws"),
        ("us-gov-west-1", "aws-us-gov"),
        ("cn-north-1", "aws-cn"),
        ("cn-northwest-1", "aws-cn"),
    ],
)
def test_arns_carry_the_region_s_partition(region: str, found: str) -> None:
    place = Place(account_id="1", region=region)
    assert partition(region) == found
    arns = [
        place.root_arn,
        place.role_arn("r"),
        place.arn("glue", "x"),
        place.bucket_arn("b"),
        *place.glue_arns("d"),
    ]
    assert {arn.split(":")[1] for arn in arns} == {found}
    assert place.bucket_arn("b") == f"arn:{found}:s3:::b", "a bucket's ARN names neither region nor account"


def test_a_glue_read_is_checked_against_catalog_database_and_tables() -> None:
    prefix = "arn:aws:glue:ap-southeast-2:222233334444"
    assert PLACE.glue_arns("d") == [f"{prefix}:catalog", f"{prefix}:database/d", f"{prefix}:table/d/*"]


@given(NAMES)
def test_every_good_name_is_accepted_and_given_back(name: str) -> None:
    assert check_name(name, "product", "here") == name
    assert link_name(name) == f"rl_{name}"


@pytest.mark.parametrize("name", ["", "A", "1a", "-a", "a-", "a--b", "a_b", "a" * 40, "a b", "ä", "a\n"])
def test_a_bad_name_is_one_line(name: str) -> None:
    with pytest.raises(MeshError, match="must be 1 to 39 lower-case letters") as caught:
        check_name(name, "product", "here")
    assert "\n" not in str(caught.value)


@given(LEVELS, st.data())
def test_a_clearance_opens_itself_and_all_below(levels: list[str], data: st.DataObject) -> None:
    clearance = data.draw(st.sampled_from(levels))
    cleared = cleared_levels(clearance, levels)
    assert cleared[-1] == clearance
    assert list(cleared) == levels[: len(cleared)], "no level below is left out and none above is in"


@given(LEVELS, st.data())
def test_the_lowest_of_two_clearances_opens_what_both_open(levels: list[str], data: st.DataObject) -> None:
    one, other = data.draw(st.sampled_from(levels)), data.draw(st.sampled_from(levels))
    both = set(cleared_levels(one, levels)) & set(cleared_levels(other, levels))
    assert set(cleared_levels(lowest(one, other, levels), levels)) == both
    assert lowest(one, other, levels) == lowest(other, one, levels), "the order of asking does not matter"
    assert lowest(one, one, levels) == one


@given(NAMES, LEVELS, st.data())
def test_a_higher_clearance_s_expression_holds_the_lower_one_s(
    product: str, levels: list[str], data: st.DataObject
) -> None:
    low, high = sorted(
        (data.draw(st.sampled_from(levels)), data.draw(st.sampled_from(levels))), key=levels.index
    )
    lower, higher = (dict(clearance_expression(product, level, levels)) for level in (low, high))
    assert set(lower["sensitivity"]) <= set(higher["sensitivity"])
    assert lower["data-product"] == higher["data-product"] == (product,)


def test_expressions_are_sorted_so_that_equal_ones_are_equal() -> None:
    assert expression(b=["y", "x", "y"], a_c="z") == (("a-c", ("z",)), ("b", ("x", "y")))
    assert product_expression("p") == (("data-product", ("p",)),)
    assert owner_expression("l", "p") == (("data-product", ("p",)), ("domain", ("l",)))


def test_a_level_that_is_none_names_those_that_are() -> None:
    assert check_level("public", DEFAULT_LEVELS, "here") == "public"
    with pytest.raises(
        MeshError, match="here: 'secret' is no sensitivity level; use one of public, internal"
    ):
        check_level("secret", DEFAULT_LEVELS, "here")
