"""Attributes that moto takes and does not give back, and that a deployer compares.

Owns small repairs of moto's answers: a crawler's Lake Formation configuration, a function's dead-letter
target, EventBridge delivery of a bucket, the tags of a workgroup without any. Deliberately not here:
behaviour.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.athena.responses import AthenaResponse
from moto.awslambda.models import LambdaFunction
from moto.glue.models import FakeCrawler, FakeJob, GlueBackend
from moto.glue.responses import GlueResponse
from moto.s3.responses import S3Response

Method = Callable[..., Any]


def _crawlers() -> None:
    described: Method = FakeCrawler.as_dict
    key = "LakeFormationConfiguration"

    def keeping(change: Method) -> Method:
        def call(self: Any) -> Any:
            answer = change(self)
            if key in self.parameters:
                self.glue_backend.get_crawler(self.parameters["Name"]).lake_formation = self.parameters[key]
            return answer

        return call

    def as_dict(self: Any) -> dict[str, Any]:
        kept = getattr(self, "lake_formation", None)
        return {**described(self), **({key: kept} if kept else {})}

    FakeCrawler.as_dict = as_dict
    GlueResponse.create_crawler = keeping(GlueResponse.create_crawler)
    GlueResponse.update_crawler = (
        _update_crawler
        if not hasattr(GlueResponse, "update_crawler")
        else keeping(GlueResponse.update_crawler)
    )


def _jobs() -> None:
    """Give a job's execution class back only when it was set, as for a Python shell job it cannot be."""
    make: Method = GlueBackend.create_job
    described: Method = FakeJob.as_dict

    def create_job(self: Any, *args: Any, **kwargs: Any) -> Any:
        answer = make(self, *args, **kwargs)
        self.jobs[kwargs["name"]].execution_class = kwargs.get("execution_class")
        return answer

    def as_dict(self: Any) -> dict[str, Any]:
        return {key: value for key, value in described(self).items() if key != "ExecutionClass" or value}

    GlueBackend.create_job = create_job
    FakeJob.as_dict = as_dict


_CRAWLER_FIELDS = {
    "Role": "role",
    "DatabaseName": "database_name",
    "Description": "description",
    "Targets": "targets",
    "Schedule": "schedule",
    "Classifiers": "classifiers",
    "TablePrefix": "table_prefix",
    "SchemaChangePolicy": "schema_change_policy",
    "RecrawlPolicy": "recrawl_policy",
    "LineageConfiguration": "lineage_configuration",
    "Configuration": "configuration",
    "CrawlerSecurityConfiguration": "crawler_security_configuration",
    "LakeFormationConfiguration": "lake_formation",
}


def _update_crawler(self: Any) -> str:
    """Serve UpdateCrawler, which moto lacks."""
    given = self.parameters
    crawler = self.glue_backend.get_crawler(given["Name"])
    for field, name in _CRAWLER_FIELDS.items():
        if field in given:
            setattr(crawler, name, given[field])
    crawler.version += 1
    return "{}"


def _functions() -> None:
    make: Method = LambdaFunction.__init__
    described: Method = LambdaFunction.get_configuration
    updated: Method = LambdaFunction.update_configuration

    def init(self: Any, account_id: str, spec: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        make(self, account_id, spec, *args, **kwargs)
        self.dead_letter = spec.get("DeadLetterConfig")

    def update_configuration(self: Any, config_updates: dict[str, Any]) -> Any:
        self.dead_letter = config_updates.get("DeadLetterConfig", getattr(self, "dead_letter", None))
        self.tracing_config = config_updates.get("TracingConfig") or self.tracing_config
        return updated(self, config_updates)

    def get_configuration(self: Any, on_create: bool = False) -> dict[str, Any]:
        kept = getattr(self, "dead_letter", None)
        target = {"DeadLetterConfig": kept} if kept and kept.get("TargetArn") else {}
        return {**described(self, on_create), **target}

    LambdaFunction.__init__ = init
    LambdaFunction.update_configuration = update_configuration
    LambdaFunction.get_configuration = get_configuration


def _buckets() -> None:
    read: Method = S3Response.get_bucket_notification

    def get_bucket_notification(self: Any) -> Any:
        answer = read(self)
        kept = self.backend.get_bucket_notification_configuration(self.bucket_name)
        if kept is None or kept.event_bridge is None:
            return answer
        status, headers, body = answer
        text = body.decode() if isinstance(body, bytes) else body
        delivery = "<EventBridgeConfiguration></EventBridgeConfiguration></NotificationConfiguration>"
        return status, headers, _closed(text).replace("</NotificationConfiguration>", delivery)

    S3Response.get_bucket_notification = get_bucket_notification


def _closed(text: str) -> str:
    """XML with an empty root written as start and end tag."""
    return (
        text
        if "</NotificationConfiguration>" in text
        else text.replace("/>", "></NotificationConfiguration>")
    )


def _workgroups() -> None:
    read: Method = AthenaResponse.list_tags_for_resource

    def list_tags_for_resource(self: Any) -> Any:
        if not self.athena_backend.tagger.has_tags(self._get_param("ResourceARN")):
            return json.dumps({"Tags": []})
        return read(self)

    AthenaResponse.list_tags_for_resource = list_tags_for_resource


def install() -> None:
    """Repair moto's answers."""
    _crawlers()
    _jobs()
    _functions()
    _buckets()
    _workgroups()
