"""The demo cloud's log lines: a pure function of place, group and minute, so that any past is there without memory."""
