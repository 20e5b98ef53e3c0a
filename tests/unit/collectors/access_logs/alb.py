"""Writes access-log lines for tests, field by field."""

from __future__ import annotations

from collectors.access_logs.entries import FIELDS

QUOTED = {
    "request", "user_agent", "trace_id", "domain_name", "chosen_cert_arn", "actions_executed", "redirect_url",
    "error_reason", "target:port_list", "target_status_code_list", "classification", "classification_reason",
    "transformed_host", "transformed_uri", "request_transform_status",
}  # fmt: skip
USUAL = {
    "type": "https",
    "time": "2026-11-27T06:00:01.250000Z",
    "elb": "app/shop/50dc6c495c0c9188",
    "client:port": "192.0.2.7:41234",
    "target:port": "10.0.1.9:8080",
    "request_processing_time": "0.001",
    "target_processing_time": "0.020",
    "response_processing_time": "0.000",
    "elb_status_code": "200",
    "target_status_code": "200",
    "received_bytes": "34",
    "sent_bytes": "366",
    "request": "GET https://shop.example:443/orders/17?full=1 HTTP/2.0",
    "user_agent": "curl/8.5",
    "ssl_cipher": "TLS_AES_128_GCM_SHA256",
    "ssl_protocol": "TLSv1.3",
    "target_group_arn": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/73e2d6bc24d8a067",
    "trace_id": "Root=1-69268f81-36d228ad5d99923122bbe354",
    "matched_rule_priority": "0",
    "request_creation_time": "2026-11-27T06:00:01.229000Z",
    "actions_executed": "forward",
    "conn_trace_id": "TID_dc57fec2e2d04ba39ab6a4a8b0d1f5ee",
    "ip_address": "10.0.0.5",
}


def line(*, fields: int = len(FIELDS), **changed: str) -> str:
    """Give a line; names are AWS's, `_` for `:`."""
    values = USUAL | {name.replace("client_port", "client:port").replace("target_port", "target:port"): value
                      for name, value in changed.items()}  # fmt: skip
    written = [(name, values.get(name, "-")) for name in FIELDS[:fields]]
    return " ".join(f'"{value}"' if name in QUOTED else value for name, value in written)
