"""How AWS is reached: settings, clients, metering and price of every call, faults."""
