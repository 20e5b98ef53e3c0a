"""What was put and is not delivered yet, on this machine's disk: datapoints, their metrics, and the counts.

A folder that processes share. `segments` holds datapoints, `register` what the metrics are, `journal` how far delivery
has come. docs/adr/0012-custom-metrics.md says why it is no database.
"""
