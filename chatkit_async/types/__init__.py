"""What crosses the API: parameters, results, secrets."""
