"""Load-balancer access logs: read line by line, counted by path, target and time in bounded memory."""
