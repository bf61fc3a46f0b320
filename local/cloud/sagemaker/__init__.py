"""SageMaker of the embedded cloud: jobs and pipelines, registry, hosting, feature store, Studio.

Jobs become processes of this machine with a private root each; pipelines call the same API that any caller
uses, as their role.
"""
