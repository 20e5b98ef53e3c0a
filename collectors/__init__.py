"""What is read from AWS, what it costs to read, and what is kept of it."""
