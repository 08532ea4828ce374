"""The same small app in each framework: two session endpoints and the app's own logout."""
