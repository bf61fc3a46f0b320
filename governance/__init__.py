"""The rules of the mesh in pure Python: settings, contracts, tags and clearances, who can read what.

Ground floor of the house: it knows neither AWS clients nor Pulumi, and imports no other package of the project.
"""
