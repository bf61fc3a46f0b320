"""What exists in AWS, as Pulumi components: CentralCatalog, DataProduct, MLConsumer and the parts they share.

Components take frozen arguments and a provider; none reads configuration, builds a provider or knows the embedded cloud.
"""
