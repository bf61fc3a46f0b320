"""Features kept in SageMaker Feature Store: groups, ingestion, training sets as of a time."""

from training.feature_store.store import Group, as_of, features_of, group_from, instant, iso, latest, pick

__all__ = ["Group", "as_of", "features_of", "group_from", "instant", "iso", "latest", "pick"]
