"""Moving hosted threads into the store of a self-hosted ChatKit server, and the check of that store."""
