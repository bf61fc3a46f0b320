"""What is given to the cloud is read back from it, where plain moto forgets or lacks it."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from botocore.exceptions import ClientError

from tests.local_cloud.world import CENTRAL, CONSUMER, PRODUCER, code, role

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


def test_policies_that_aws_provides_can_be_attached_and_read(world):
    iam = world.client("iam")
    iam.create_role(RoleName="crawler", AssumeRolePolicyDocument=TRUST)
    arn = "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"
    iam.attach_role_policy(RoleName="crawler", PolicyArn=arn)
    attached = iam.list_attached_role_policies(RoleName="crawler")["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [arn], "attached by its ARN"
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    assert iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"], (
        "and readable"
    )
    with pytest.raises(ClientError) as caught:
        iam.attach_role_policy(RoleName="crawler", PolicyArn="arn:aws:iam::aws:policy/Nonsense")
    assert code(caught) == "NoSuchEntity", "what AWS does not provide is not there"


def test_a_crawler_keeps_its_lake_formation_configuration(world):
    glue = world.client("glue", PRODUCER)
    wanted = {"UseLakeFormationCredentials": True, "AccountId": CENTRAL}
    glue.create_crawler(
        Name="crawler",
        Role=role(PRODUCER, "crawler"),
        DatabaseName="rl_sales",
        Targets={"S3Targets": [{"Path": "s3://lake/curated"}]},
        LakeFormationConfiguration=wanted,
    )
    assert glue.get_crawler(Name="crawler")["Crawler"]["LakeFormationConfiguration"] == wanted, "as created"
    glue.update_crawler(Name="crawler", TablePrefix="t_", LakeFormationConfiguration={"AccountId": PRODUCER})
    crawler = glue.get_crawler(Name="crawler")["Crawler"]
    assert crawler["TablePrefix"] == "t_", "as updated"
    assert crawler["LakeFormationConfiguration"] == {"AccountId": PRODUCER}, "all of it"


def test_a_job_names_an_execution_class_only_when_it_was_given_one(world):
    glue = world.client("glue", PRODUCER)
    job = {"Role": role(PRODUCER, "r"), "Command": {"Name": "pythonshell", "ScriptLocation": "s3://b/k"}}
    glue.create_job(Name="shell", **job)
    glue.create_job(Name="spark", ExecutionClass="FLEX", **job)
    assert "ExecutionClass" not in glue.get_job(JobName="shell")["Job"], "a shell job has none"
    assert glue.get_job(JobName="spark")["Job"]["ExecutionClass"] == "FLEX", "a given one is kept"


def test_quality_rulesets_are_kept(world):
    glue = world.client("glue", PRODUCER)
    glue.create_data_quality_ruleset(Name="rules", Ruleset="Rules = [ RowCount > 0 ]", Tags={"a": "b"})
    assert glue.get_data_quality_ruleset(Name="rules")["Ruleset"] == "Rules = [ RowCount > 0 ]", "as created"
    arn = f"arn:aws:glue:eu-west-1:{PRODUCER}:dataQualityRuleset/rules"
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"a": "b"}, "with its tags"
    glue.update_data_quality_ruleset(Name="rules", Ruleset="Rules = [ RowCount > 1 ]")
    assert glue.get_data_quality_ruleset(Name="rules")["Ruleset"] == "Rules = [ RowCount > 1 ]", "as updated"
    assert [each["Name"] for each in glue.list_data_quality_rulesets()["Rulesets"]] == ["rules"], "listed"
    glue.delete_data_quality_ruleset(Name="rules")
    with pytest.raises(ClientError) as caught:
        glue.get_data_quality_ruleset(Name="rules")
    assert code(caught) == "EntityNotFoundException", "gone"


def test_a_function_keeps_its_dead_letter_queue(world):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr("index.py", "def handler(event, context): pass")
    iam, functions = world.client("iam", CONSUMER), world.client("lambda", CONSUMER)
    iam.create_role(RoleName="sync", AssumeRolePolicyDocument=TRUST)
    queue = f"arn:aws:sqs:eu-west-1:{CONSUMER}:dead"
    functions.create_function(
        FunctionName="sync",
        Role=role(CONSUMER, "sync"),
        Runtime="python3.12",
        Handler="index.handler",
        Code={"ZipFile": archive.getvalue()},
        DeadLetterConfig={"TargetArn": queue},
    )
    found = functions.get_function(FunctionName="sync")["Configuration"]
    assert found["DeadLetterConfig"] == {"TargetArn": queue}, "as created"
    functions.update_function_configuration(FunctionName="sync", DeadLetterConfig={"TargetArn": f"{queue}2"})
    found = functions.get_function(FunctionName="sync")["Configuration"]
    assert found["DeadLetterConfig"] == {"TargetArn": f"{queue}2"}, "as updated"


def test_a_bucket_says_that_it_tells_eventbridge(world):
    s3 = world.client("s3", PRODUCER)
    s3.create_bucket(Bucket="told", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(Bucket="told"), (
        "not yet"
    )
    s3.put_bucket_notification_configuration(
        Bucket="told", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    assert "EventBridgeConfiguration" in s3.get_bucket_notification_configuration(Bucket="told"), (
        "now it does"
    )


def test_a_workgroup_without_tags_has_an_empty_list(world):
    athena = world.client("athena", CONSUMER)
    athena.create_work_group(Name="team")
    arn = f"arn:aws:athena:eu-west-1:{CONSUMER}:workgroup/team"
    assert athena.list_tags_for_resource(ResourceARN=arn)["Tags"] == [], "no tags is no error"


def test_a_domain_and_its_user_profiles_live_and_end_in_order(world):
    sagemaker = world.client("sagemaker", CONSUMER)
    made = sagemaker.create_domain(
        DomainName="studio",
        AuthMode="IAM",
        DefaultUserSettings={"ExecutionRole": role(CONSUMER, "scientist")},
        SubnetIds=["subnet-1"],
        VpcId="vpc-1",
    )
    domain = made["DomainId"]
    assert made["DomainArn"].endswith(domain), "the answer names the domain"
    assert sagemaker.describe_domain(DomainId=domain)["Status"] == "InService", "found by that name"
    settings = {"ExecutionRole": role(CONSUMER, "scientist")}
    arn = sagemaker.create_user_profile(
        DomainId=domain, UserProfileName="ada", UserSettings=settings, Tags=[{"Key": "a", "Value": "b"}]
    )["UserProfileArn"]
    profile = sagemaker.describe_user_profile(DomainId=domain, UserProfileName="ada")
    assert (profile["Status"], profile["UserSettings"]) == ("InService", settings), "the profile is there"
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}], "with its tags"
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "c", "Value": "d"}])
    assert len(sagemaker.list_tags(ResourceArn=arn)["Tags"]) == 2, "and takes more"
    listed = sagemaker.list_user_profiles(DomainIdEquals=domain)["UserProfiles"]
    assert [each["UserProfileName"] for each in listed] == ["ada"], "listed by domain"
    with pytest.raises(ClientError) as caught:
        sagemaker.delete_domain(DomainId=domain)
    assert code(caught) == "ResourceInUse", "a domain with profiles stays"
    sagemaker.delete_user_profile(DomainId=domain, UserProfileName="ada")
    sagemaker.delete_domain(DomainId=domain)
    for call, named in (
        (sagemaker.describe_domain, {"DomainId": domain}),
        (sagemaker.describe_user_profile, {"DomainId": domain, "UserProfileName": "ada"}),
    ):
        with pytest.raises(ClientError) as caught:
            call(**named)
        assert code(caught) == "ResourceNotFound", "what is gone is not found"


def test_a_package_group_has_a_policy_of_its_own(world):
    sagemaker, name = world.client("sagemaker", CONSUMER), {"ModelPackageGroupName": "credit-risk"}
    sagemaker.create_model_package_group(**name)
    with pytest.raises(ClientError, match="Cannot find"):
        sagemaker.get_model_package_group_policy(**name)
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    sagemaker.put_model_package_group_policy(**name, ResourcePolicy=policy)
    assert sagemaker.get_model_package_group_policy(**name)["ResourcePolicy"] == policy, "as put"
    sagemaker.delete_model_package_group_policy(**name)
    with pytest.raises(ClientError, match="Cannot find"):
        sagemaker.get_model_package_group_policy(**name)
    sagemaker.delete_model_package_group(**name)
    assert sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"] == [], "the group ends too"


def test_a_feature_group_has_tags_and_an_end(world):
    sagemaker = world.client("sagemaker", CONSUMER)
    arn = sagemaker.create_feature_group(
        FeatureGroupName="features",
        RecordIdentifierFeatureName="id",
        EventTimeFeatureName="at",
        FeatureDefinitions=[{"FeatureName": name, "FeatureType": "String"} for name in ("id", "at")],
        OnlineStoreConfig={"EnableOnlineStore": True},
        Tags=[{"Key": "a", "Value": "b"}],
    )["FeatureGroupArn"]
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}], "its tags are found"
    sagemaker.delete_feature_group(FeatureGroupName="features")
    with pytest.raises(ClientError) as caught:
        sagemaker.describe_feature_group(FeatureGroupName="features")
    assert code(caught) == "ResourceNotFound", "gone"
