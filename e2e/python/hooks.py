"""What schemathesis must be told of our document: lines of JSON are sent as text."""

import schemathesis

schemathesis.serializer.alias("application/x-ndjson", "text/plain")
