"""Words everybody uses: timespans, series, statistics, money, readings. Pure; imports no other room."""
