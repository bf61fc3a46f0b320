"""SageMaker hosting of the embedded cloud."""
