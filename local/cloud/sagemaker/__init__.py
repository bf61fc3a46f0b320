"""SageMaker of the embedded cloud that runs: processing, training and tuning jobs, and pipelines.

Jobs become processes of this machine with a private root each; pipelines call the same API that any caller
uses, as their role. Deliberately not here: the registry (sagemaker_registry), Studio (sagemaker_studio),
endpoints, feature store.
"""
