"""What callers may send to a served model, and the one line that each mistake gets."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from training import inference, serving_entry
from training.features import Feature, FeatureSchema
from training.payload import PayloadError, parse, read, records

KINDS = {"plan": "category", "fee": "number", "joined": "date", "seen": "timestamp", "autopay": "boolean",
         "code": "category"}  # fmt: skip
LEVELS = {"plan": ("basic", "prémium, max"), "code": ("1", "2", "true")}
SCHEMA = FeatureSchema(
    features=tuple(
        Feature(name=name, kind=kind, levels=LEVELS.get(name, ())) for name, kind in KINDS.items()
    ),
    key=("subscriber",),
    target="churned",
    positive="yes",
    positive_label="churns",
    negative_label="stays",
)
ROW = {"plan": "basic", "fee": "19.99", "joined": "2017-05-01", "seen": "2022-01-02T03:04:05", "autopay": True,
       "code": 1}  # fmt: skip
JSON, LINES, CSV = "application/json", "application/jsonlines", "text/csv"


def values(body: str | bytes, kind: str = JSON) -> list[dict[str, Any]]:
    named = records(parse(body, kind), SCHEMA)
    features = SCHEMA.features
    return [
        {each.name: read(row[each.name], each, at) for each in features} for at, row in enumerate(named, 1)
    ]


def refused(body: str | bytes, kind: str = JSON) -> str:
    with pytest.raises(PayloadError) as caught:
        values(body, kind)
    said = str(caught.value)
    assert "\n" not in said
    assert len(said) < 400, "short enough to be read"
    assert caught.value.status_code == 400
    return said


@pytest.mark.parametrize(
    "field, value, becomes",
    [
        ("fee", 19.99, 19.99), ("fee", " 3.5 ", 3.5), ("fee", "-1e3", -1000.0), ("fee", ".5", 0.5), ("fee", 7, 7.0),
        ("fee", None, None), ("fee", "", None), ("autopay", "TRUE", 1.0), ("autopay", 0, 0.0), ("autopay", False, 0.0),
        ("joined", "1970-01-02", 1.0), ("joined", "1970-01-02T00:00:00", 1.0), ("joined", "1970-01-02 00:00", 1.0),
        ("seen", "1970-01-02", 1.0), ("seen", "1970-01-02T00:00:00Z", 1.0), ("seen", "1970-01-02 01:00:00+01:00", 1.0),
        ("seen", "1970-01-02T01:00:00.123456789+0100", 1.0 + 0.123456 / 86400),
        ("code", 1, "1"), ("code", 1.0, "1"), ("code", "1.0", "1"), ("code", True, "true"), ("code", "9", "9"),
        ("plan", "prémium, max", "prémium, max"), ("plan", " basic", "basic"), ("plan", "new", "new"),
    ],
)  # fmt: skip
def test_a_value_is_read_as_its_feature_s_kind(field: str, value: Any, becomes: Any) -> None:
    (row,) = values(json.dumps({**ROW, field: value}))
    assert row[field] == (pytest.approx(becomes) if isinstance(becomes, float) else becomes)


@pytest.mark.parametrize(
    "field, value, line",
    [
        ("fee", "abc", "'abc' cannot be read as number"),
        ("fee", True, "'true' cannot be read as number"),
        ("fee", "1_000", "'1_000' cannot be read as number"),
        ("fee", "\u0663", "'\u0663' cannot be read as number"),
        ("fee", "1,5", "'1,5' cannot be read as number"),
        ("fee", "NaN", "'NaN' cannot be read as number; send null, or nothing in CSV, for a missing value"),
        ("fee", "inf", "'inf' cannot be read as number"),
        ("fee", math.nan, "'NaN' cannot be read as number; send null, or nothing in CSV, for a missing value"),
        ("fee", math.inf, "'Infinity' cannot be read as number"),
        ("fee", "9" * 400, f"'{'9' * 60}...' cannot be read as number"),
        ("fee", 10**400, f"'1{'0' * 59}...' cannot be read as number"),
        ("plan", math.nan, "'NaN' cannot be read as category"),
        ("plan", ["a"], "'[\"a\"]' cannot be read as category"),
        ("plan", {"a\nb": 1}, "cannot be read as category"),
        ("autopay", "yes", "'yes' cannot be read as boolean; send true or false"),
        ("autopay", 2, "'2' cannot be read as boolean"),
        ("joined", 17287, "'17287' cannot be read as date; send one such as 2026-11-24"),
        ("joined", "01.05.2017", "'01.05.2017' cannot be read as date"),
        ("joined", "20170501", "'20170501' cannot be read as date"),
        ("joined", "2017-02-30", "'2017-02-30' cannot be read as date"),
        ("joined", "2017-05-01T12:00:00", "cannot be read as date"),
        ("seen", 1641092645, "'1641092645' cannot be read as timestamp; send one such as 2026-11-24T08:30:00"),
        ("seen", "yesterday\nor so", "'yesterday or so' cannot be read as timestamp"),
    ],
)  # fmt: skip
def test_a_value_that_is_none_of_its_kind_is_named_with_row_and_field(
    field: str, value: Any, line: str
) -> None:
    said = refused(json.dumps([ROW, {**ROW, field: value}]))
    assert said.startswith(f"payload row 2, field {field}: ")
    assert line in said


@pytest.mark.parametrize(
    "body, kind, line",
    [
        ("", JSON, "payload: has no rows; it is empty"),
        ("  \n", LINES, "payload: has no rows; it is empty"),
        ("\n\n", CSV, "payload: has no rows; it is empty"),
        ("null", JSON, "payload: must be an object of features, or a list"),
        ('{"instances": []}', JSON, "payload: must be an object of features, or a list"),
        ("[{}, null]", JSON, "payload row 2: 'null' is no object of features"),
        ("[[1, 2]]", JSON, "payload row 1: '[1, 2]' is no object of features"),
        ('{"plan": "a", "plan": "b"}', JSON, "payload: has twice plan in one object"),
        ('{"fee": ' + "9" * 5000 + "}", JSON, "payload: has a number with too many digits to be read"),
        (json.dumps(ROW) + "\n" + json.dumps(ROW), JSON, "payload: is no JSON (Extra data"),
        (json.dumps(ROW) + "\n{", LINES, "payload row 2: is no JSON"),
        (json.dumps(ROW) + "\n5", LINES, "payload row 2: '5' is no object of features"),
        (b'{"plan": "pr\xe9mium"}', JSON, "payload: is no UTF-8 text"),
        ('{"plan": "pr\ufffdmium"}', JSON, "payload: is no UTF-8 text"),
        ("basic,1\r2,3", CSV, "payload row 1: has 2 values for the 6 features"),
        ("x" * 200_000, CSV, "payload line 1: is no CSV (field larger than field limit"),
        (json.dumps({f"field {number}": 1 for number in range(50)}), JSON, "and 40 more; send exactly"),
        (json.dumps({**ROW, "a\nb": 1}), JSON, "payload row 1: has the unknown a b; send exactly"),
        ("x", "image/png\n", "content type: 'image/png' is not served; send text/csv or application/json"),
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_read_is_one_line(body: str | bytes, kind: str, line: str) -> None:
    assert line in refused(body, kind)


def test_a_byte_order_mark_and_lines_of_any_system_are_no_mistakes() -> None:
    expected = values(json.dumps(ROW))
    cells = ",".join(str(value) for value in ROW.values())
    named = ",".join(ROW) + "\r\n" + cells + "\r\n"
    bodies = {
        named: CSV,
        "\ufeff" + named: CSV,
        "\ufeff" + json.dumps(ROW): JSON,
        json.dumps(ROW) + "\r\n": LINES,
    }
    for body, kind in bodies.items():
        assert values(body, kind) == values(body.encode(), kind) == expected, (body, kind)


def test_a_line_separator_inside_a_text_is_no_end_of_a_row() -> None:
    (row,) = values(json.dumps({**ROW, "plan": "a\u2028b"}, ensure_ascii=False), LINES)
    assert row["plan"] == "a\u2028b"


@pytest.mark.parametrize(
    "accept, kind",
    [
        ("application/json", JSON), ("", JSON), ("*/*", JSON), ("application/*", JSON), ("text/*", CSV), ("text/csv", CSV),
        ("application/jsonlines", LINES), ("text/csv;q=0.2, application/json;q=0.7", JSON),
        ("text/csv; q=0.7, application/json; q=0.2", CSV), ("text/html, text/csv;q=0.1", CSV),
        ("application/json;q=0, text/csv", CSV), ("TEXT/CSV", CSV), ("text/csv, application/json", JSON),
    ],
)  # fmt: skip
def test_the_answer_has_the_type_that_was_asked_for_first(accept: str, kind: str) -> None:
    prediction = {"predictions": [{"score": 0.5, "decision": "stays", "reasons": []}], "single": True}
    body, said = inference.output_fn(prediction, accept)
    assert said == kind
    assert body.startswith("0.5,stays," if kind == CSV else '{"score": 0.5')
    assert body.endswith("\n") == (kind != JSON)


def test_an_answer_of_a_type_that_is_not_served_is_refused() -> None:
    prediction = {"predictions": [], "single": False}
    for accept in ("application/xml", "application/json;q=0"):
        with pytest.raises(
            PayloadError, match=r"accept: .* is not served; accept text/csv or application/json"
        ):
            inference.output_fn(prediction, accept)


def test_the_container_answers_a_refusal_with_status_400_whatever_it_is_about() -> None:
    for body, kind in (("{", JSON), ("x" * 200_000, CSV), ('{"plan": "\ufffd"}', JSON)):
        found = serving_entry.output_fn(serving_entry.predict_fn(serving_entry.input_fn(body, kind), None))  # type: ignore[arg-type]
        assert found.status_code == 400
        assert json.loads(found.get_data())["error"].startswith("payload")
