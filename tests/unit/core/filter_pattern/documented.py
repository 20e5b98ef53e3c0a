"""The examples of AWS's documentation: a pattern, lines it finds, lines it does not find.

The syntax: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html and the pages below it
(regular expressions, unstructured, JSON and space-delimited log events). Examples of metric filters:
MonitoringPolicyExamples. Security Hub's controls for CloudWatch. TestMetricFilter in the API reference.
"""

from __future__ import annotations

from dataclasses import dataclass

ERRORS = (
    "[ERROR 400] BAD REQUEST",
    "[ERROR 401] UNAUTHORIZED REQUEST",
    "[ERROR 419] MISSING ARGUMENTS",
    "[ERROR 420] INVALID ARGUMENTS",
)
THREE = ("ERROR WARN message", "ERROR message", "WARN message")
COMBINED = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /apache_pb.gif HTTP/1.0" 200 1534'
FAILED = '127.0.0.1 - frank [10/Oct/2000:13:35:22 -0700] "GET /apache_pb.gif HTTP/1.0" 500 5324'
LARGER = '127.0.0.1 - frank [10/Oct/2000:13:50:35 -0700] "GET /apache_pb.gif HTTP/1.0" 200 4355'
NOT_FOUND = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
FORBIDDEN = '127.0.0.1 - bob [10/Oct/2000:10:35:22 -0700] "GET /secret.html HTTP/1.0" 403 86'
TRAIL = """{"eventType": "UpdateTrail", "sourceIPAddress": "111.111.111.111", "arrayKey": ["value", "another value"],
"objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}], "SomeObject": null, "ThisFlag": true}"""
USERS = """{"user": {"id": 1, "email": "John.Stiles@example.com"}, "users": [{"id": 2, "email": "John.Doe@example.com"},
{"id": 3, "email": "Jane.Doe@example.com"}], "actions": ["GET", "PUT", "DELETE"],
"coordinates": [[0, 1, 2], [4, 5, 6], [7, 8, 9]]}"""


@dataclass(frozen=True)
class Example:
    pattern: str
    finds: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()


UNSTRUCTURED = [
    Example("", ERRORS),
    Example('""', ERRORS),
    Example('" "', (*ERRORS, "word")),
    Example("ERROR", ERRORS, ("[WARN] nothing", "[error 400] case counts")),
    Example("ERROR", ("[ERROR] A fatal exception has occurred", "Exiting with ERRORCODE: -1")),
    Example('"ERROR" -"Exiting"', ("[ERROR] A fatal exception has occurred",), ("Exiting with ERRORCODE: -1",)),
    Example('"ERROR" - "Exiting"', ("[ERROR] A fatal exception has occurred",), ("Exiting with ERRORCODE: -1",)),
    Example("ERROR Exception", ("[ERROR] Caught IllegalArgumentException", "[ERROR] Unhandled Exception"), ("ERROR",)),
    Example("ERROR ARGUMENTS", ERRORS[2:], ERRORS[:2]),
    Example(
        "Failed to process the request",
        ("[WARN] Failed to process the request", "[ERROR] Unable to continue: Failed to process the request"),
        ("[WARN] Failed to process",),
    ),
    Example("?ERROR ?ARGUMENTS", ERRORS, ("[WARN 300] REQUEST",)),
    Example(
        "?ERROR ?ARGUMENTS REQUEST",
        ("[INFO] REQUEST FAILED", "[WARN] UNAUTHORIZED REQUEST", "[ERROR] 400 BAD REQUEST"),
        ("[ERROR] ARGUMENTS",),
    ),
    Example('"INTERNAL SERVER ERROR"', ("[ERROR 500] INTERNAL SERVER ERROR",), ("SERVER ERROR INTERNAL",)),
    Example("ERROR -ARGUMENTS", ERRORS[:2], ERRORS[2:]),
    Example("-ERROR", ("fine",), ERRORS),
    Example("ERROR", THREE[:2], THREE[2:]),
    Example("?ERROR ?WARN", THREE),
    Example("ERROR WARN", THREE[:1], THREE[1:]),
    Example("ERROR -WARN", THREE[1:2], (THREE[0], THREE[2])),
    Example("?ERROR ?Exception", ("Exception in thread", "ERROR"), ("INFO",)),
    Example('"Task timed out"', ("2026-11-27 id Task timed out after 3.00 seconds",), ("Task done",)),
]

REGEXES = [
    Example(
        "%AUTHORIZED%", ("[ERROR 401] UNAUTHORIZED REQUEST", "[SUCCESS 200] AUTHORIZED REQUEST"), ("[ERROR 404] FOUND",)
    ),
    Example(r"%\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}%", ("from 10.10.0.1 port 22",), ("version 1.2.3",)),
    Example("%[Ee]rror|[Ff]ail%", ("Error", "error", "Fail", "fail"), ("ERROR", "FAIL")),
    Example("%^[hc]at%", ("hat", "cat nap"), ("a hat", "bat")),
    Example("%[hc]at$%", ("a hat", "the cat"), ("hats", "bat")),
    Example("%colou?r%", ("color", "colour"), ("colouur",)),
    Example("%[abc]%", ("a", "b", "c"), ("d",)),
    Example("%[a-z]%", ("m",), ("M", "5")),
    Example("%[abcx-z]%", ("a", "b", "c", "x", "y", "z"), ("d", "w")),
    Example("%^a{3,5}$%", ("aaa", "aaaa", "aaaaa"), ("aa", "aaaaaa")),
    Example("%^a{,2}$%", ("", "a", "aa"), ("aaa",)),
    Example("%^a{2,}$%", ("aa", "aaaaaaa"), ("a",)),
    Example("%gray|grey%", ("gray", "grey"), ("groy",)),
    Example(r"%10\.10\.0\.1%", ("from 10.10.0.1",), ("from 10x10y0z1",)),
    Example(r"%\[.\]%", ("[a]", "[b]", "[7]", "[@]", "[]]", "[ ]"), ("[]", "[ab]")),
    Example("%ab*c%", ("ac", "abc", "abbbc"), ("adc",)),
    Example("%ab[0-9]*%", ("ab", "ab0", "ab129"), ("a1",)),
    Example("%ab+c%", ("abc", "abbc", "abbbc"), ("ac",)),
    Example("%.at%", ("hat", "cat", "bat", "4at", "#at", " at"), ("at",)),
    Example(r"%\d%", ("5",), ("five",)),
    Example(r"%\D%", ("x5",), ("55",)),
    Example(r"%^\s+$%", ("  ", "\t"), ("a",)),
    Example(r"%^\S+$%", ("word",), ("two words",)),
    Example(r"%^\w+$%", ("Word_1",), ("a-b",)),
    Example(r"%^\W+$%", ("-!",), ("a",)),
    Example(r"%\x28x\x29%", ("f(x)",), ("fx",)),
    Example(r"%\x3A%", ("a:b",), ("ab",)),
]

JSON = [
    Example('{ $.eventType = "UpdateTrail" }', (TRAIL,), (USERS, "UpdateTrail", "not JSON", "")),
    Example("{ $.sourceIPAddress != 123.123.* }", (TRAIL,), ('{"sourceIPAddress": "123.123.0.1"}', "{}")),
    Example('{ $.arrayKey[0] = "value" }', (TRAIL,), ('{"arrayKey": "value"}', '{"arrayKey": ["other"]}')),
    Example("{ $.objectList[1].id = 2 }", (TRAIL,), ('{"objectList": 2}', '{"objectList": [1, 2]}')),
    Example("{ $.SomeObject IS NULL }", (TRAIL,), ("{}", '{"SomeObject": 0}')),
    Example("{ $.SomeOtherObject NOT EXISTS }", (TRAIL,), ('{"SomeOtherObject": null}',)),
    Example("{ $.ThisFlag IS TRUE }", (TRAIL,), ('{"ThisFlag": false}', '{"ThisFlag": "TRUE"}', '{"ThisFlag": 1}')),
    Example("{ $.ThisFlag IS FALSE }", ('{"ThisFlag": false}',), (TRAIL, '{"ThisFlag": 0}')),
    Example("{ $.eventType = *Trail }", (TRAIL, '{"eventType": "Trail"}'), ('{"eventType": "Trails"}',)),
    Example("{ $.eventName = *Event }", ('{"eventName": "PutEvent"}', '{"eventName": "GetEvent"}')),
    Example("{ $.eventName = Event* }", ('{"eventName": "EventId"}', '{"eventName": "EventName"}')),
    Example("{ $.eventName = Ev*ent }", ('{"eventName": "Ev*ent"}',), ('{"eventName": "Event"}',)),
    Example("{ $.eventType = %Trail% }", (TRAIL,), ('{"eventType": "Tail"}',)),
    Example(r"{ $.sourceIPAddress = %^111\.[0-9]+\.% }", (TRAIL,)),
    Example("{$.foo = bar}", ('{"foo": "bar"}',), ('{"foo": "baz"}',)),
    Example("{$.foo = baz }", ('{"foo": "baz"}',), ('{"foo": "bar"}',)),
    Example("{$.foo = bar || $.foo = baz }", ('{"foo": "bar"}', '{"foo": "baz"}'), ('{"foo": "bat"}',)),
    Example('{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }', (USERS,)),
    Example('{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }', (), (USERS,)),
    Example(
        '{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch && $.actions[2] = nomatch }',
        (USERS,),
    ),
    Example(
        '{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch) && $.actions[2] = nomatch }',
        (),
        (USERS,),
    ),
    Example("{ $.coordinates[0][1] = 1 && $.actions[2] = DELETE }", (USERS,)),
    Example("{$.users = 1}", (), ('{"users": [1, 2, 3]}',)),
    Example("{$.users != 1}", (), ('{"users": [1, 2, 3]}',)),
    Example("{ $.latency >= 500 }", ('{"latency": 500}', '{"latency": 500.5}'), ('{"latency": 499.9}',)),
    Example("{ $.latency > +1000 }", ('{"latency": 1001}',), ('{"latency": 1000}',)),
    Example("{ $.latency < 50 }", ('{"latency": 49}',), ('{"latency": 50}', "{}")),
    Example("{ $.latency = * }", ('{"latency": 50}', '{"latency": "x"}'), ("{}", '{"latency": {}}')),
    Example("{ $.bandwidth > 75 }", ('{"bandwidth": 76}',), ('{"bandwidth": 75}',)),
    Example("{ $.refreshRate >= 60 }", ('{"refreshRate": 60}',), ('{"refreshRate": 59}',)),
    Example("{ $.responseTime <= 5 }", ('{"responseTime": 5}',), ('{"responseTime": 6}',)),
    Example("{ $.numbers[0] < 10e3 }", ('{"numbers": [9999]}',), ('{"numbers": [10000]}',)),
    Example("{ $.numbers[0] < 10e-3 }", ('{"numbers": [0.009]}',), ('{"numbers": [0.01]}',)),
    Example("{ $.number[0] = 1e-3 }", ('{"number": [0.001]}',), ('{"number": [1]}',)),
    Example("{ $.number[0] != 1e+3 }", ('{"number": [1]}',), ('{"number": [1000]}',)),
    Example("{ $.processes[4].averageRuntime <= 55.5 }", ('{"processes": [0, 0, 0, 0, {"averageRuntime": 55.5}]}',)),
    Example("{ $.errorCode = 400 }", ('{"errorCode": 400}',), ('{"errorCode": 401}',)),
    Example("{ $.errorCode != 500 }", ('{"errorCode": 400}',), ('{"errorCode": 500}',)),
    Example("{ $.objectList[*].id = 2 }", (TRAIL,), ('{"objectList": [{"id": 1}]}',)),
    Example("{ $.*.email = *Stiles* }", (USERS,), (TRAIL,)),
    Example("{ $.['cluster.name'] = \"c\" }", ('{"cluster.name": "c"}',), ('{"cluster": {"name": "c"}}',)),
    Example("{ $.requestParameters.tag-name = a_b }", ('{"requestParameters": {"tag-name": "a_b"}}',)),
]

ROOT = '{"userIdentity": {"type": "Root"}, "eventType": "AwsApiCall"}'
SECURITY_HUB = [
    Example(
        '{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}',
        (ROOT,),
        (
            '{"userIdentity": {"type": "Root", "invokedBy": "x"}, "eventType": "AwsApiCall"}',
            '{"userIdentity": {"type": "Root"}, "eventType": "AwsServiceEvent"}',
        ),
    ),
    Example(
        '{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}',
        ('{"errorCode": "Client.UnauthorizedOperation"}', '{"errorCode": "AccessDeniedException"}'),
        ('{"errorCode": "Throttling"}',),
    ),
    Example(
        '{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") }',
        ('{"eventName": "ConsoleLogin", "additionalEventData": {"MFAUsed": "No"}}',),
        ('{"eventName": "ConsoleLogin", "additionalEventData": {"MFAUsed": "Yes"}}',),
    ),
    Example(
        '{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}',
        ('{"eventName": "ConsoleLogin", "errorMessage": "Failed authentication"}',),
        ('{"eventName": "ConsoleLogin"}',),
    ),
    Example(
        "{($.eventSource=kms.amazonaws.com) && (($.eventName=DisableKey) || ($.eventName=ScheduleKeyDeletion))}",
        ('{"eventSource": "kms.amazonaws.com", "eventName": "DisableKey"}',),
        ('{"eventSource": "kms.amazonaws.com", "eventName": "CreateKey"}', '{"eventName": "DisableKey"}'),
    ),
    Example(
        "{($.eventName=CreateNetworkAcl) || ($.eventName=CreateNetworkAclEntry) || ($.eventName=DeleteNetworkAcl)}",
        ('{"eventName": "DeleteNetworkAcl"}',),
        ('{"eventName": "CreateVpc"}',),
    ),
]

FIELDS = [
    Example("[ip, user, username, timestamp, request, status_code, bytes]", (COMBINED, FAILED), ("three words here",)),
    Example("[..., status_code, bytes]", (COMBINED, "200 1534"), ("alone",)),
    Example("[ip, user, ..., status_code, bytes]", (COMBINED, "a b c d"), ("a b c",)),
    Example("[ip, user, ...]", (COMBINED, "a b"), ("a",)),
    Example("[]", (COMBINED, "a", "")),
    Example("[ip, user, username, timestamp, request, status_code, bytes > 1000]", (COMBINED, LARGER), (FORBIDDEN,)),
    Example(
        "[ip, user, username, timestamp, request, status_code = 200, bytes]", (COMBINED, LARGER), (FAILED, NOT_FOUND)
    ),
    Example(
        "[ip, user, username, timestamp, request, status_code = 4*, bytes]", (NOT_FOUND, FORBIDDEN), (COMBINED, FAILED)
    ),
    Example(
        "[ip, user, username, timestamp, request = *html*, status_code = 4*, bytes]", (NOT_FOUND,), (COMBINED, FAILED)
    ),
    Example(
        "[ip, user, username, timestamp, request, status_code = 403 || status_code = 404, bytes]",
        (NOT_FOUND, FORBIDDEN),
        (COMBINED,),
    ),
    Example(
        "[ip, user, username, timestamp, request, status_code = 4* && status_code != 403, bytes]",
        (NOT_FOUND,),
        (FORBIDDEN, COMBINED),
    ),
    Example(
        r"[ip=%127\.0\.0\.[1-9]%, user, username, timestamp, request =*.html*, status_code = 4*, bytes]",
        (NOT_FOUND,),
        (NOT_FOUND.replace("127.0.0.1", "10.0.0.1"), COMBINED),
    ),
    Example("[..., request=*.html*, status_code=4*,]", (NOT_FOUND, FORBIDDEN), (COMBINED,)),
    Example("[ip, id, user, timestamp, request, status_code=404, size]", (NOT_FOUND,), (COMBINED,)),
    Example("[w1=ERROR, w2]", THREE[1:2], (THREE[0], THREE[2])),
    Example("[w1=ERROR || w1=WARN, w2]", THREE[1:], THREE[:1]),
    Example("[w1!=ERROR&&w1!=WARN, w2]", ("INFO message",), THREE),
    Example("[w1=ERROR || w1=%WARN%, w2]", ("ERROR message", "[WARN] message"), ("INFO message",)),
    Example(
        '[r="REPORT", l="RequestId:", id, d="Duration:", duration > 500, unit="ms", ...]',
        ("REPORT RequestId: 7e1\tDuration: 812.4 ms\tBilled Duration: 813 ms\tMemory Size: 512 MB\n",),
        ("REPORT RequestId: 7e1\tDuration: 12.4 ms\tBilled Duration: 13 ms\n", "START RequestId: 7e1 Version: 1"),
    ),
]

EXAMPLES = [*UNSTRUCTURED, *REGEXES, *JSON, *SECURITY_HUB, *FIELDS]
