"""What needs torch: nothing outside this package imports it."""
