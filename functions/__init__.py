"""What the components deploy to run inside AWS. These scripts import nothing of our other packages.

`bundle` makes the one file that Glue takes of a script written in several modules.
"""
