"""What schemathesis.toml cannot say: values in a body that depend on what is there."""

import os
import re
import uuid

import schemathesis
from hypothesis import strategies

# Left to itself the tool sends letters and digits alone in a header; a version stands in quotes.
VERSIONS = strategies.integers(0, 10**17).map(lambda version: f'"{version}"')
schemathesis.openapi.format("entity-tag", strategies.just("*") | VERSIONS)


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = case.operation.definition.raw.get("operationId")
    if reached(case.query.get("wait_for")):
        case.query["wait_for"] = 0
    if reached(case.headers.get("Stage-Wait-For")):
        case.headers["Stage-Wait-For"] = "0"
        # An unknown header is no fault, but beside a number the tool takes it for one: the number is text to it.
        if "x-schemathesis-unknown-property" in case.headers:
            del case.headers["Stage-Wait-For"]
    key = case.headers.get("Idempotency-Key")
    if isinstance(key, str) and re.fullmatch("[!-~]{1,255}", key):
        # Used a second time, a key is refused whatever else the request holds.
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    # As valid or invalid as it was: judged anew, a number in a header would be taken for a text and wrong.
    case._sync_validated_hashes()
    if not isinstance(case.body, dict):
        return
    for field, example in {"email": "ada@example.org", "handle": "rathaus", "name": "Kultur"}.items():
        # What the contract shows as an example can be taken once.
        if operation != "log_in" and case.body.get(field) == example:
            case.body[field] = example.replace(example[:3], example[:3] + uuid.uuid4().hex, 1)
    if operation == "link_source" and "address" in case.body:
        case.body["address"] = here(case, case.body["address"])
    elif operation == "assign_topics" and isinstance(case.body.get("topics"), list):
        case.body["topics"] = [there(topic) for topic in case.body["topics"]]


def reached(position):
    """Whether this is a position; an invented one would never be reached: 503 after five seconds."""
    return re.fullmatch("[0-9]+", str(position)) is not None and int(position) < 2**63


def here(case, address):
    """The program imports a source at once: an address that it takes becomes one on this machine."""
    schema = case.operation.schema.raw_schema["components"]["schemas"]["LinkSource"]["properties"]["address"]
    taken = isinstance(address, str) and len(address) <= schema["maxLength"] and re.search(schema["pattern"], address)
    return f"{os.environ['STAGE_FEEDS']}?{uuid.uuid4()}" if taken else address


def there(topic):
    """No schema can say which topics a stage has: any id becomes that of one."""
    try:
        uuid.UUID(topic)
    except (AttributeError, TypeError, ValueError):
        return topic
    return os.environ["STAGE_TOPIC"]
