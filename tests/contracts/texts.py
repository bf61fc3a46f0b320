"""Contract texts for the tests: a smallest one, and one that uses everything ODCS has."""

from __future__ import annotations

from typing import Any

import yaml

from governance.contracts import Contract, parse_contract

FILE = "orders.odcs.yaml"


def text(
    properties: list[dict[str, Any]] | None = None, table: dict[str, Any] | None = None, **top: Any
) -> str:
    """YAML of a contract with one table; keyword arguments replace top-level keys, None removes them."""
    columns = [{"name": "id", "logicalType": "string"}] if properties is None else properties
    data: dict[str, Any] = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "orders-1",
        "version": "1.0.0",
        "dataProduct": "orders",
        "schema": [{"name": "orders", "properties": columns, **(table or {})}],
    }
    data.update(top)
    return yaml.safe_dump({key: value for key, value in data.items() if value is not None}, sort_keys=False)


def read(*args: Any, **top: Any) -> Contract:
    """The contract of such a text."""
    return parse_contract(text(*args, **top), FILE)


def column(logical_type: str | None = "string", **more: Any) -> dict[str, Any]:
    """A property named `x`."""
    typed = {"logicalType": logical_type} if logical_type else {}
    return {"name": "x", **typed, **more}


FULL = """
apiVersion: v3.2.0
kind: DataContract
id: 53581432-6c55-4ba2-a65f-72344a91553a
name: my seller contract
dataProduct: sellers
version: 2.1.0
status: deprecated
domain: sales
tenant: ClimateQuantumInc
tags: [finance, 'eu']
context:
  instructions: Amounts are net of tax.
description:
  purpose: Views built on top of the seller tables.
  limitations: No returns.
  usage: Predict sales over time.
  customProperties: [{property: reviewed, value: true}]
servers:
  - server: my-postgres
    type: postgres
    host: localhost
    port: 5432
    database: pypl-edw
    schema: pp_access_views
  - {server: files, type: s3, location: 's3://x/y/*.csv', format: csv, delimiter: ';'}
schema:
  - id: tbl_obj
    name: tbl
    physicalName: tbl_1
    physicalType: table
    businessName: Core Payment Metrics
    description: >-
      Provides core
      payment metrics.
    dataGranularityDescription: Aggregation on columns txn_ref_dt and pmt_txn_id
    tags: [finance]
    context: {instructions: no joins}
    authoritativeDefinitions: [{url: 'https://example.com/gloss', type: businessDefinition}]
    relationships: [{type: foreignKey, from: tbl.rcvr_id, to: receivers.id}]
    customProperties: [{property: business-key, value: [a, b]}, {property: delimiter, value: tab}]
    quality:
      - {metric: rowCount, mustBeGreaterThan: 1000000, type: library, scheduler: cron, schedule: 0 20 * * *}
      - {rule: countCheck, mustBeGreaterThan: 5}
      - type: custom
        engine: greatExpectations
        implementation: {type: expect_table_row_count_to_be_between, kwargs: {min_value: 1}}
    properties:
      - id: dt
        name: txn_ref_dt
        physicalName: transaction_reference_date
        primaryKey: true
        primaryKeyPosition: 2
        businessName: transaction reference date
        logicalType: date
        logicalTypeOptions: {format: dd.MM.yyyy, minimum: '2000-01-01'}
        physicalType: date
        required: false
        description: null
        partitioned: true
        partitionKeyPosition: 1
        criticalDataElement: false
        tags: []
        classification: public
        transformSourceObjects: [table_name_1, table_name_2]
        transformLogic: sel t1.txn_dt from table_name_1
        transformDescription: defines the logic in business terms
        examples: ['2022-10-03', 2020-01-28]
        customProperties: [{property: anonymizationStrategy, value: none}]
      - name: Rcvr-Id
        physicalName: RCVR_ID
        primaryKey: true
        primaryKeyPosition: 1
        logicalType: string
        physicalType: varchar(18)
        required: true
        classification: Restricted
        encryptedName: enc_rcvr_id
        synonyms: [{synonym: receiver, locale: en}]
        relationships: [{to: receivers.id}]
      - name: channel
        logicalType: string
        enum: [{value: web, label: Web}, {value: shop}]
        quality:
          - type: text
            description: The channel as the
              customer says
          - {type: sql, query: 'SELECT count(*) FROM ${object} WHERE ${property} IS NULL', mustBeLessThan: 36}
      - name: revenue
        logicalType: number
        semanticType: measure
        transformLogic: SUM(amount)
  - name: receivers
    logicalType: object
    properties: [{name: id, physicalType: TEXT}]
price: {priceAmount: 9.95, priceCurrency: USD, priceUnit: megabyte}
team:
  name: sellers-team
  members: [{username: ceastwood, role: Data Scientist, dateIn: '2022-08-02', replacedByUsername: mhopper}]
roles: [{role: microstrategy_user_opr, access: read, firstLevelApprovers: Reporting Manager}]
slaDefaultElement: tbl.txn_ref_dt
slaProperties: [{property: latency, value: 4, unit: d, element: tbl.txn_ref_dt}]
support: [{channel: '#product-help', tool: slack, url: 'https://example.com'}]
authoritativeDefinitions: [{url: 'https://example.com', type: canonical}]
customProperties: [{property: ruleset, value: gcsc.ruleset.name}, {property: other, value: {a: 1}}]
contractCreatedTs: '2022-11-15T02:59:43+00:00'
"""
"""Every part of the standard at once, in its own examples' style."""
