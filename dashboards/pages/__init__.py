"""One module a page: what it shows, and how that is read."""
