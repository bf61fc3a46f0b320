"""The embedded cloud: moto in server mode with the behaviour that a governed data mesh needs and moto lacks.

Owns the AWS side of the laptop: Lake Formation with real denials, RAM shares, cross-account Glue, the answers
the AWS provider reads back. Deliberately not here: what a grant opens (`governance`) and who deploys
(`local.engine`).
"""
