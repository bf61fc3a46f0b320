"""SageMaker Feature Store of the embedded cloud."""
