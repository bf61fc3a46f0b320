"""The command line: bring the mesh up, ask it things, show it. Everything it knows it asks the other packages."""
