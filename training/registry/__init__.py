"""Model packages: registration with metrics and lineage, approval, model card."""
