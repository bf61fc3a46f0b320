"""The SageMaker pipeline: its parts, its deployment, its runs. What it is made of stands in `training.pipeline`."""
