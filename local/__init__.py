"""The embedded stand-in for AWS (`local.cloud`) and the engine that runs the program against it (`local.engine`)."""
